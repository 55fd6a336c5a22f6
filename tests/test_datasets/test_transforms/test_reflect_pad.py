import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_usrn.datasets.transforms import ReflectPad


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
