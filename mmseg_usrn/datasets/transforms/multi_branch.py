"""Several views of one image."""

from copy import deepcopy

from mmcv.transforms import BaseTransform, Compose
from mmseg.registry import TRANSFORMS


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
        packed = {
            branch: pipeline(deepcopy(results))
            for branch, pipeline in self.branch_pipelines.items()
        }
        return {
            key: {branch: view[key] for branch, view in packed.items()}
            for key in ('inputs', 'data_samples')
        }

    def __repr__(self) -> str:
        branches = ', '.join(self.branch_pipelines)
        return f'{self.__class__.__name__}({branches})'
