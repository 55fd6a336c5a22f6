"""Masks of another model or of another file are not taken for one's own."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from mmseg_usrn.apis.images import Image
from mmseg_usrn.apis.prediction_record import PredictionRecord

WAY_OUT = 'choose another --out, or --force'


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record of two images, of which one is done."""
    monkeypatch.chdir(tmp_path)
    for name in ('my.py', 'a.pth', 'b.pth', 'c.py'):
        (tmp_path / name).write_text(name)
    record = PredictionRecord(tmp_path / 'out', 'my.py', 'a.pth')
    images = photos('trip', 'x', 'y')
    record.check(images)
    record.start(images)
    write_mask(record, 'x')
    return record


def photos(folder, *names):
    return [Image(Path(folder, f'{name}.png'), name) for name in names]


def write_mask(record, name):
    path = record.out / 'masks' / f'{name}.png'
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'a mask')


def test_the_same_model_goes_on(record):
    again = PredictionRecord(record.out, './my.py', os.path.abspath('a.pth'))
    images = photos('trip', 'x', 'y', 'z')
    again.check(images)
    again.start(images)
    assert [image.name for image in images if again.is_done(image)] == ['x']
    again.check(images)
    sources = json.loads((record.out / 'predictions.json').read_text())
    assert sorted(sources['images']) == ['x', 'y', 'z']


@pytest.mark.parametrize(
    ('config', 'checkpoint', 'named'),
    [('my.py', 'b.pth', 'a.pth'), ('c.py', 'a.pth', 'my.py')],
)
def test_another_model_is_refused(record, config, checkpoint, named):
    other = PredictionRecord(record.out, config, checkpoint)
    with pytest.raises(ValueError, match=f'of .*{named}: {WAY_OUT}'):
        other.check(photos('trip', 'new'))


def test_a_checkpoint_that_was_written_anew_is_another_model(record):
    os.utime('a.pth', (1, 1))
    with pytest.raises(ValueError, match='a.pth, which has changed since: '):
        record.check(photos('trip', 'x'))


def test_another_file_of_the_same_name_is_refused(record):
    record.check(photos('elsewhere', 'y'))  # not done yet
    with pytest.raises(ValueError, match=f'trip/x.png, not of .*{WAY_OUT}'):
        record.check(photos('elsewhere', 'x'))


def test_masks_without_a_record_are_of_an_unknown_model(record):
    (record.out / 'predictions.json').unlink()
    with pytest.raises(ValueError, match=f'an unknown model: {WAY_OUT}'):
        record.check(photos('trip', 'new'))


def test_force_leaves_no_mask_of_the_other_model(record):
    """Also if it is interrupted; others in the folder stay unknown."""
    write_mask(record, 'y')
    other = PredictionRecord(record.out, 'my.py', 'b.pth')
    other.start(photos('trip', 'x'), force=True)
    other.check(photos('trip', 'x'))
    assert not other.is_done(photos('trip', 'x')[0])
    with pytest.raises(ValueError, match='prediction of an unknown file'):
        other.check(photos('trip', 'y'))


def test_done_is_what_has_every_kind_of_file(record):
    (image,) = photos('trip', 'x')
    kinds = ('masks', 'confidence')
    assert record.is_done(image) and not record.is_done(image, kinds)
    path = record.out / 'confidence/x.png'
    path.parent.mkdir()
    path.write_bytes(b'a map')
    assert record.is_done(image, kinds)
    record.start([image], force=True)
    assert not path.exists()


@pytest.mark.slow
def test_predictions_of_two_checkpoints(trained, run_tool, tmp_path):
    config, checkpoint = trained
    (tmp_path / 'photos').mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    Picture.fromarray(pixels).save(tmp_path / 'photos/a.png')
    other = tmp_path / 'other.pth'
    shutil.copyfile(checkpoint, other)
    last = ('photos', '--out', 'out')
    run_tool('predict.py', config, checkpoint, *last, cwd=tmp_path)
    command = ('predict.py', config, other, *last)
    done = run_tool(*command, cwd=tmp_path, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    assert f'out holds predictions of {checkpoint}: ' in done.stdout
    done = run_tool(*command, '--force', cwd=tmp_path)
    assert '1 images predicted, 0 done before' in done.stdout
    done = run_tool(*command, cwd=tmp_path)
    assert '0 images predicted, 1 done before' in done.stdout
