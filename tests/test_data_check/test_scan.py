"""Files are looked at once, whatever is asked about them."""

from collections import Counter

import mmcv
import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_usrn.data_check import check_data
from mmseg_usrn.datasets import FolderSegDataset, UnlabeledDataset

RNG = np.random.default_rng(0)


@pytest.fixture
def datasets(tmp_path):
    """Labeled and unlabeled images, some of the same names."""
    init_default_scope('mmseg')
    for part in ('labeled', 'unlabeled', 'masks'):
        (tmp_path / part).mkdir()
        for i in range(6):
            array = RNG.integers(0, 256, (20, 30, 3), np.uint8)
            if part == 'masks':
                array = array[..., 0] % 2
            Image.fromarray(array).save(tmp_path / part / f'{i}.png')
    prefix = dict(
        img_path=str(tmp_path / 'labeled'),
        seg_map_path=str(tmp_path / 'masks'),
    )
    steps = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    return dict(
        labeled=FolderSegDataset(
            prefix, dict(classes=('a', 'b')), pipeline=steps
        ),
        unlabeled=UnlabeledDataset(
            dict(img_path=str(tmp_path / 'unlabeled')), pipeline=steps[:1]
        ),
    )


def test_no_file_is_decoded_more_than_once(datasets, monkeypatch):
    decoded = Counter()
    stock = mmcv.imfrombytes

    def count(content, *args, **kwargs):
        decoded[content] += 1
        return stock(content, *args, **kwargs)

    monkeypatch.setattr(mmcv, 'imfrombytes', count)
    report = check_data(**datasets)
    # All names are in both parts: their pictures were compared.
    (found,) = report.findings
    assert len(found.files) == 6 and 'different pictures' in found.problem
    assert len(decoded) == 18 and set(decoded.values()) == {1}


def test_any_number_of_threads_sees_the_same(datasets):
    reports = [
        check_data(**datasets, num_threads=number) for number in (1, 2, 7)
    ]
    assert reports[0] == reports[1] == reports[2]


def test_nothing_is_read_again_from_the_cache(datasets, monkeypatch, tmp_path):
    cache = tmp_path / 'cache.json'
    first = check_data(**datasets, cache_file=cache)
    monkeypatch.setattr(mmcv, 'imfrombytes', None)
    assert check_data(**datasets, cache_file=cache) == first


def test_a_cache_that_cannot_be_written_is_a_warning(
    datasets, tmp_path, caplog
):
    MMLogger.get_current_instance().addHandler(caplog.handler)
    report = check_data(**datasets)
    (tmp_path / 'file').touch()
    cache = tmp_path / 'file' / 'cache.json'
    assert check_data(**datasets, cache_file=cache) == report
    (record,) = caplog.records
    assert record.levelname == 'WARNING'
    assert f'{cache} cannot be written' in record.getMessage()
    MMLogger.get_current_instance().removeHandler(caplog.handler)
