"""Pictures of pseudo labels in a work dir."""

import numpy as np

from mmseg_usrn.apis.report.label_pictures import read_label_pictures
from tests.toy import save


def write(folder, run, step, value):
    name = f'{run}/vis_data/vis_image/pseudo_labels_{step}.png'
    save(folder / name, np.full((2, 3, 3), value, np.uint8))


def test_first_middle_and_last_and_the_newest_part_counts(tmp_path):
    for step in (2, 4, 6, 8):
        write(tmp_path, '20260101_000000', step, step)
    for step in (8, 10):
        write(tmp_path, '20260102_000000', step, 10 * step)
    found = read_label_pictures(tmp_path)
    assert list(found) == [2, 6, 10]
    assert [picture.max() for picture in found.values()] == [2, 6, 100]


def test_half_a_picture_is_left_out(tmp_path):
    for step in (2, 4):
        write(tmp_path, 'run', step, step)
    half = tmp_path / 'run/vis_data/vis_image/pseudo_labels_4.png'
    half.write_bytes(half.read_bytes()[:40])
    assert list(read_label_pictures(tmp_path)) == [2]


def test_a_run_without_pictures(tmp_path):
    assert read_label_pictures(tmp_path) == {}
