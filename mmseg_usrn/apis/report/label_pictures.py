"""Pictures of the pseudo labels that a run has left."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_usrn.datasets.fixed_views import spread
from mmseg_usrn.engine.hooks.pseudo_label_visualization_hook import PICTURE

SHOWN = 3
"""Pictures of a run that are shown: the first, the middle and the last."""


def read_label_pictures(folder: Path) -> dict[int, np.ndarray]:
    """Pictures of :class:`~mmseg_usrn.engine.PseudoLabelVisualizationHook`.

    Args:
        folder: Work dir of a run and its continuations, whose pictures
            replace those of before.

    Returns:
        At most :data:`SHOWN` pictures (H, W, 3) uint8 RGB by iteration. Of a
        run with another backend than MMEngine's local one there is none.
    """
    pattern = f'*/vis_data/vis_image/{PICTURE}_*.png'
    files = {
        int(path.stem.removeprefix(f'{PICTURE}_')): path
        for path in sorted(folder.glob(pattern))
    }
    files = {step: path for step, path in files.items() if _is_whole(path)}
    steps = sorted(files)
    chosen = [steps[place] for place in spread(len(steps), SHOWN)]
    return {
        step: np.asarray(Image.open(files[step]).convert('RGB'))
        for step in chosen
    }


def _is_whole(path: Path) -> bool:
    """Whether a picture can be read; a kill may leave half of one."""
    try:
        Image.open(path).load()
    except OSError:
        return False
    return True
