"""Unlabeled images with the masks that training does not see."""

import copy
import os.path as osp

from mmcv.transforms import Compose, LoadAnnotations
from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from .image_files import as_list, strip_suffix
from .mask_formats import MaskLoader
from .paired_dataset import PairedDataset


class HiddenTruth(Dataset):
    """The unlabeled images that have a mask in some folder.

    Masks are read as those of the labeled images are: in their format, with
    their label rules. They go through the pipeline of the unlabeled images,
    so that they match the views pixel by pixel.

    Args:
        paired: Labeled and unlabeled images of a training.
        masks: Folder of the masks, named as the unlabeled images are, or
            whatever else the labeled images' format reads.

    Attributes:
        sources: Mask of each image, by its index in the unlabeled part.

    Raises:
        ValueError: If no image has a mask, or the unlabeled part is a wrapper
            around several datasets.
    """

    def __init__(self, paired: PairedDataset, masks: str) -> None:
        self.labeled, self.unlabeled = paired.labeled, paired.unlabeled
        if not isinstance(self.unlabeled, BaseDataset):
            raise ValueError(
                'masks of unlabeled images can be read for one dataset of '
                f'them, not for a {type(self.unlabeled).__name__}'
            )
        self.sources = self._find(masks)
        self.pipeline = self._with_masks()

    def __len__(self) -> int:
        return len(self.unlabeled)

    def __getitem__(self, index: int) -> dict:
        info = self.unlabeled.get_data_info(index)
        info.update(
            seg_map_path=self.sources[index],
            label_map=getattr(self.labeled, 'label_map', None),
            reduce_zero_label=getattr(
                self.labeled, 'reduce_zero_label', False
            ),
        )
        return self.pipeline(info)

    def _find(self, masks: str) -> dict[int, str]:
        stems = [self._stem(i) for i in range(len(self.unlabeled))]
        loader = getattr(self.labeled, 'mask_loader', None) or MaskLoader()
        suffixes = as_list(getattr(self.labeled, 'seg_map_suffix', None))
        found = loader.find(masks, stems, suffixes or None)
        return {
            i: found[stem] for i, stem in enumerate(stems) if stem in found
        }

    def _stem(self, index: int) -> str:
        """Path of an image below its folder, without suffix."""
        path = self.unlabeled.get_data_info(index)['img_path']
        folders = as_list(self.unlabeled.data_prefix.get('img_path'))
        below = [osp.relpath(path, f) for f in folders if _holds(f, path)]
        name = min(below, key=len, default=osp.basename(path))
        suffixes = as_list(getattr(self.unlabeled, 'img_suffix', None))
        return strip_suffix(name, suffixes) or osp.splitext(name)[0]

    def _with_masks(self) -> Compose:
        """The unlabeled pipeline, which also loads a mask."""
        (load_mask,) = (
            copy.copy(step)
            for step in self.labeled.pipeline.transforms
            if isinstance(step, LoadAnnotations)
        )
        steps = list(self.unlabeled.pipeline.transforms)
        loading = [
            place
            for place, step in enumerate(steps)
            if type(step).__name__.startswith('Load')
        ]
        steps.insert(max(loading, default=-1) + 1, load_mask)
        return Compose(steps)


def _holds(folder: str, path: str) -> bool:
    """Whether a path is below a folder."""
    return not osp.relpath(path, folder).startswith('..')
