"""Several views of one image."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmseg.registry import TRANSFORMS

from .pack_labeled_inputs import band_by_band


@TRANSFORMS.register_module()
class MultiBranch(BaseTransform):
    """Fork a sample into one packed view per branch.

    Geometry (resize, crop, flip) stands before this transform, so that the
    views match pixel by pixel; each branch changes colours only and packs::

        {'img': ...}
            -> {'inputs': {'unsup_weak': Tensor, 'unsup_strong': Tensor},
                'data_samples': {'unsup_weak': ..., 'unsup_strong': ...}}

    Args:
        branch_pipelines: The transforms of each branch, by branch name. The
            last transform of each packs (``PackSegInputs``).
    """

    def __init__(self, **branch_pipelines: list[dict]) -> None:
        if not branch_pipelines:
            raise ValueError('MultiBranch needs at least one branch')
        self.branch_pipelines = {
            branch: Compose(pipeline)
            for branch, pipeline in branch_pipelines.items()
        }

    def transform(self, results: dict) -> dict:
        """Run every branch on its own copy of the sample."""
        results = dict(results, img=_contiguous(results['img']))
        packed = {
            branch: self._view(branch, results)
            for branch in self.branch_pipelines
        }
        return {
            key: {branch: view[key] for branch, view in packed.items()}
            for key in ('inputs', 'data_samples')
        }

    def _view(self, branch: str, results: dict) -> dict:
        """Change and pack a copy of the sample."""
        *changes, pack = self.branch_pipelines[branch].transforms
        view = _fork(results)
        for change in changes:
            view = change(view)
        return pack(dict(view, img=band_by_band(view['img'])))

    def __repr__(self) -> str:
        branches = ', '.join(self.branch_pipelines)
        return f'{self.__class__.__name__}({branches})'


def _fork(results: dict) -> dict:
    """A sample that a branch may change; what is in lists is shared."""
    return {
        key: value.copy()
        if isinstance(value, (np.ndarray, list, dict))
        else value
        for key, value in results.items()
    }


def _contiguous(image: np.ndarray) -> np.ndarray:
    """An image of shape (H, W, C) without gaps.

    A flipped image is a view that NumPy copies slowly, value by value.
    """
    image = np.atleast_3d(image)
    if image.strides[1] < 0:
        return cv2.flip(image[:, ::-1], 1).reshape(image.shape)
    return np.ascontiguousarray(image)
