"""Pairs of labeled and unlabeled samples."""

import copy
import os.path as osp
from collections.abc import Mapping

import numpy as np
from mmcv.transforms import Compose
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS
from torch.utils.data import Dataset

from .transforms import AddCellMap, MultiBranch


@DATASETS.register_module()
class PairedDataset(Dataset):
    """One labeled image and ``num_unlabeled`` unlabeled ones per item.

    The index selects the labeled image, so that each is seen equally often;
    the unlabeled ones are drawn anew each time. Stock samplers, data
    parallelism and resuming work as with any other dataset, the batch size is
    written once, and no branch of a batch is ever empty::

        item = {'inputs': {'sup': Tensor,
                           'unsup_weak': [Tensor] * num_unlabeled,
                           'unsup_strong': [Tensor] * num_unlabeled},
                'data_samples': {... the same keys ...}}

    Train it with an iteration-based loop and ``InfiniteSampler``: the length
    is the number of labeled images.

    Args:
        labeled: Config of any MMSeg dataset. Its pipeline has ``AddCellMap``
            after ``LoadAnnotations`` and ends with ``PackLabeledInputs``.
        unlabeled: Config of any MMSeg dataset whose pipeline loads no
            annotations and ends with ``MultiBranch``.
        split_dir: Folder whose ``labeled.txt`` and ``unlabeled.txt`` list the
            images of the two parts, as ``tools/make_splits.py`` writes them;
            relative to the working directory.
        num_unlabeled: Unlabeled images per labeled image. Defaults to 1.
        feature_pipeline: Un-augmented pipeline of the labeled images whose
            features are clustered, usually the test pipeline. Defaults to
            the loading steps of the labeled pipeline.

    Raises:
        ValueError: If a part is empty or a pipeline lacks a step named above.
    """

    def __init__(
        self,
        labeled: dict | BaseDataset,
        unlabeled: dict | BaseDataset,
        split_dir: str | None = None,
        num_unlabeled: int = 1,
        feature_pipeline: list[dict] | None = None,
    ) -> None:
        if num_unlabeled < 1:
            raise ValueError(
                f'num_unlabeled must be >= 1, got {num_unlabeled}; train the '
                'model on the labeled dataset alone if there are no '
                'unlabeled images'
            )
        self.labeled = _build(
            'labeled', of_split(split_dir, 'labeled', labeled)
        )
        self.unlabeled = _build(
            'unlabeled', of_split(split_dir, 'unlabeled', unlabeled)
        )
        self.num_unlabeled = num_unlabeled
        self.feature_pipeline = feature_pipeline
        self.cell_stride = self._find_cell_stride()
        self._check_branches()

    @property
    def metainfo(self) -> dict:
        """Classes and palette, those of the labeled part."""
        return self.labeled.metainfo

    def __len__(self) -> int:
        return len(self.labeled)

    def __getitem__(self, index: int) -> dict:
        sup = self.labeled[index]
        drawn = np.random.randint(len(self.unlabeled), size=self.num_unlabeled)
        unsup = [self.unlabeled[int(i)] for i in drawn]
        item: dict[str, dict] = {}
        for key in ('inputs', 'data_samples'):
            item[key] = {'sup': sup[key]}
            for branch in unsup[0][key]:
                item[key][branch] = [sample[key][branch] for sample in unsup]
        return item

    def without_augmentation(self) -> BaseDataset:
        """The labeled images as the feature extraction sees them.

        Returns:
            A view of the labeled dataset with ``feature_pipeline``.
        """
        pipeline = self.feature_pipeline
        if pipeline is None:
            steps = self.labeled.pipeline.transforms
            loading = [t for t in steps if type(t).__name__.startswith('Load')]
            pipeline = [*loading, dict(type='PackSegInputs')]
        dataset = copy.copy(self.labeled)
        build = getattr(dataset, 'build_pipeline', Compose)
        dataset.pipeline = build(pipeline)
        return dataset

    def _find_cell_stride(self) -> int:
        if not isinstance(self.labeled, BaseDataset):
            raise ValueError(
                'the labeled part must be one dataset, not a wrapper; got '
                f'{type(self.labeled).__name__}'
            )
        steps = self.labeled.pipeline.transforms
        strides = [t.stride for t in steps if isinstance(t, AddCellMap)]
        if len(strides) != 1:
            raise ValueError(
                'the labeled pipeline must hold AddCellMap once, after '
                f'LoadAnnotations; it holds {_names(steps)}'
            )
        return strides[0]

    def _check_branches(self) -> None:
        pipeline = getattr(self.unlabeled, 'pipeline', None)
        if pipeline is None:  # a wrapper around several datasets
            return
        steps = pipeline.transforms
        if not steps or not isinstance(steps[-1], MultiBranch):
            raise ValueError(
                'the unlabeled pipeline must end with MultiBranch; it holds '
                f'{_names(steps)}'
            )
        names = list(steps[-1].branch_pipelines)
        strong = any(name.startswith('unsup_strong') for name in names)
        if 'unsup_weak' not in names or not strong:
            raise ValueError(
                'MultiBranch of the unlabeled pipeline must have the branches '
                f'unsup_weak and unsup_strong; it has {", ".join(names)}'
            )

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(labeled={self.labeled!r}, '
            f'unlabeled={self.unlabeled!r}, '
            f'num_unlabeled={self.num_unlabeled})'
        )


def of_split(
    split_dir: str | None, name: str, config: dict | BaseDataset
) -> dict | BaseDataset:
    """A part of a paired dataset, with its list of the split.

    Args:
        split_dir: Folder of the lists, or None for the part as it is.
        name: ``'labeled'`` or ``'unlabeled'``.
        config: The part.

    Raises:
        ValueError: If the part has a list already, or is built already.
    """
    if split_dir is None:
        return config
    if not isinstance(config, Mapping) or config.get('ann_file'):
        raise ValueError(
            f'split_dir={split_dir} and {name}.ann_file both name the '
            f'{name} images; leave one of them out'
        )
    # Absolute: MMSeg would look for it below data_root.
    return {
        **config,
        'ann_file': osp.abspath(osp.join(split_dir, f'{name}.txt')),
    }


def _build(name: str, config: dict | BaseDataset) -> BaseDataset:
    try:
        dataset = (
            DATASETS.build(config) if isinstance(config, dict) else config
        )
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
        empty = len(dataset) == 0
    except ValueError as error:
        # What MMEngine's serialisation says of an empty list.
        empty = 'need at least one array to concatenate' in str(error)
        if not empty:
            raise
    if empty:
        raise ValueError(f'the {name} dataset has no image: {config}')
    return dataset


def _names(steps: list) -> list[str]:
    return [type(step).__name__ for step in steps]
