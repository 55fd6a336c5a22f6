"""Images as pictures.

Letters: ``H, W`` size of a picture, (H, W, 3) uint8 RGB.
"""

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.visualization.utils import img_from_canvas
from torch import Tensor


def input_picture(inputs: Tensor) -> np.ndarray:
    """A loaded image as a picture.

    Args:
        inputs: (C, H, W) as the pipeline loads it, BGR. Of more channels the
            first three are shown, of fewer the first; what is not uint8 is
            stretched from its least to its largest value.
    """
    image = inputs.cpu().numpy()
    image = image[:3][::-1] if len(image) >= 3 else image[:1].repeat(3, 0)
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = (image - low) * (255 / max(high - low, 1e-6))
    return np.ascontiguousarray(image.transpose(1, 2, 0).astype(np.uint8))


def resize_longest(picture: np.ndarray, longest: int) -> np.ndarray:
    """A picture whose longer side has so many pixels."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, size, interpolation=how)


def shrink(picture: np.ndarray, longest: int) -> np.ndarray:
    """A picture whose longer side has at most so many pixels."""
    if max(picture.shape[:2]) <= longest:
        return picture
    return resize_longest(picture, longest)


def figure_picture(figure: Figure) -> np.ndarray:
    """A figure as a picture."""
    return img_from_canvas(FigureCanvasAgg(figure))
