import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

from mmseg_usrn.datasets.label_rules import label_map_of, relabel


@pytest.mark.parametrize('reduce_zero_label', [False, True])
@pytest.mark.parametrize('label_map', [None, {0: 1, 1: 0, 255: 7, 3: 255}])
def test_equals_the_stock_loader_for_every_byte(
    tmp_path, reduce_zero_label, label_map
):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / 'm.png')
    results = dict(
        seg_map_path=str(tmp_path / 'm.png'),
        reduce_zero_label=reduce_zero_label,
        label_map=label_map,
        seg_fields=[],
    )
    stock = LoadAnnotations()(results)['gt_seg_map']
    assert (relabel(values, reduce_zero_label, label_map) == stock).all()


def test_wide_values_with_their_own_ignore_value():
    values = np.array([0, 1, 256, 300, 65535], np.uint16)
    labels = relabel(values, True, {299: 5}, 65535)
    assert labels.tolist() == [65535, 0, 255, 5, 65535]


@pytest.mark.parametrize(
    'values, others, expected',
    [
        ([0, 1, 2], (), {}),
        ([1, 3, 7], (), {0: 255, 2: 255, 1: 0, 3: 1, 7: 2}),
        ([1, 3, 7], (9, 255), {0: 255, 2: 255, 9: 255, 1: 0, 3: 1, 7: 2}),
        ([2, 0], (), {1: 255, 2: 0, 0: 1}),
    ],
)
def test_a_value_without_class_passes_for_none(values, others, expected):
    assert label_map_of(values, others) == expected
    labels = relabel(np.arange(8), label_map=label_map_of(values, range(8)))
    named = {v: i for i, v in enumerate(values)}
    assert labels.tolist() == [named.get(v, 255) for v in range(8)]
