import numpy as np

from mmseg_usrn.datasets.palette import default_palette


def test_default_palette_is_distinct_and_stable():
    palette = np.array(default_palette(300))
    assert palette.shape == (300, 3)
    assert palette.min() >= 0 and palette.max() <= 255
    assert len({tuple(color) for color in palette}) == 300
    assert default_palette(7) == palette[:7].tolist()
    few = palette[:20].astype(int)
    distance = np.abs(few[:, None] - few[None]).max(-1)
    assert distance[~np.eye(20, dtype=bool)].min() >= 40
