import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_usrn.datasets.transforms import PadToSize, ReflectPad


def test_small_side_is_padded_right_and_bottom():
    results = dict(
        img=np.full((2, 5, 3), 7, np.uint8),
        gt_seg_map=np.full((2, 5), 3, np.uint8),
        gt_cell_map=np.full((2, 5), 9, np.float32),
        seg_fields=['gt_seg_map', 'gt_cell_map'],
    )
    padded = PadToSize(size=(4, 4))(results)
    assert padded['img_shape'] == (4, 5)
    assert padded['img'][2:].reshape(-1, 3).tolist() == [[104, 116, 124]] * 10
    assert (padded['img'][:2] == 7).all()
    assert (padded['gt_seg_map'][2:] == 255).all()
    assert (padded['gt_seg_map'][:2] == 3).all()
    assert (padded['gt_cell_map'][2:] == 0).all()


def test_unlabeled_sample_has_no_map_to_pad():
    padded = PadToSize(size=(4, 6))(dict(img=np.zeros((2, 5, 3), np.uint8)))
    assert padded['img'].shape == (4, 6, 3)


@pytest.mark.parametrize('shape', [(375, 500), (21, 16), (8, 8)])
def test_reflection_equals_that_of_the_normalised_image(shape):
    image = np.random.default_rng(0).integers(
        0, 256, (*shape, 3), dtype=np.uint8
    )
    padded = ReflectPad(8)(dict(img=image))
    left, right, top, bottom = padded['padding_size']
    assert (left, top) == (0, 0)
    assert padded['img'].shape[0] % 8 == padded['img'].shape[1] % 8 == 0
    assert right < 8 and bottom < 8

    def normalise(array):
        return (torch.from_numpy(array).movedim(2, 0).float() - 116) / 57

    expected = F.pad(
        normalise(image)[None], (0, right, 0, bottom), mode='reflect'
    )[0]
    torch.testing.assert_close(
        normalise(padded['img']), expected, rtol=0, atol=0
    )


def test_reflection_refuses_loaded_labels():
    with pytest.raises(ValueError, match='before LoadAnnotations'):
        ReflectPad()(
            dict(img=np.zeros((3, 3, 3), np.uint8), seg_fields=['gt_seg_map'])
        )
