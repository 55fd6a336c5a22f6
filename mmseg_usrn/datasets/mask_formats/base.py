"""Base of the mask loaders.

A *source* names the mask of one image in one string: the path of a file, a
path with the placeholder ``{class}``, or ``annotations.json#a.jpg`` for a
record of a file that serves all images. Shapes: ``H, W`` of the image.
"""

from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import Compose
from mmengine import fileio
from mmseg.datasets.transforms import LoadAnnotations

from ..image_files import (
    LOSSY_SUFFIXES,
    MASK_SUFFIXES,
    expected,
    find_files,
    one_per_stem,
)
from ..label_rules import relabel

MAX_UINT8 = 255


class MaskLoader(LoadAnnotations):
    """Load masks of one format; takes the place of ``LoadAnnotations``.

    A format overrides :meth:`read`, and :meth:`find` if its masks are not one
    file an image. As it is, it reads images of class indices, of any depth;
    where an image has colours, they must be grey.

    Required keys: ``seg_map_path`` (the source), ``ori_shape`` where the
    format does not know the size of the image, ``reduce_zero_label`` and
    ``label_map`` (optional). Added key: ``gt_seg_map`` of shape (H, W),
    uint8, or uint16 if ``ignore_index`` is above 255.

    Args:
        ignore_index: Value of pixels without a label. Defaults to 255.
        backend_args: Settings of MMEngine's file backend.
    """

    # How the files of masks end.
    suffixes: tuple[str, ...] = MASK_SUFFIXES
    # Whether the format needs the names of the classes.
    takes_classes = False
    # Whether masks hold numbers of classes, which label rules may change.
    stores_values = True

    def __init__(
        self, ignore_index: int = MAX_UINT8, backend_args: dict | None = None
    ) -> None:
        super().__init__(backend_args=backend_args)
        self.ignore_index = ignore_index

    def find(
        self, where: str, stems: list[str], suffixes: list[str] | None = None
    ) -> dict[str, str]:
        """Find the masks of images.

        Args:
            where: Folder of the masks, or the file that has all of them.
            stems: Stems of the images.
            suffixes: How the files end. Defaults to ``suffixes`` of the
                format.

        Returns:
            Source of every stem that has a mask.

        Raises:
            ValueError: If no mask is found, or two compete for an image.
        """
        files = find_files(
            where, suffixes or self.suffixes, 'mask', self.backend_args
        )
        used = {stem: files[stem] for stem in stems if stem in files}
        if not used:
            raise ValueError(
                f'no mask in {where} has the name of an image: images are '
                f'named like {stems[0]}, masks like {next(iter(files))}; if '
                'masks have an addition, set seg_map_suffix, for example '
                "seg_map_suffix='_mask.png'"
            )
        return one_per_stem(_prefer_lossless(used), 'seg_map_suffix')

    def expected(
        self, where: str, stem: str, suffixes: list[str] | None = None
    ) -> str:
        """Source that a missing mask would have."""
        return expected(where, stem, suffixes or self.suffixes)

    def files(self, source: str) -> list[str]:
        """Paths of the files that a source is read from."""
        return [source]

    def read(
        self, source: str, shape: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Read a mask.

        Args:
            source: What to read.
            shape: (H, W) of the image as loaded, for formats that do not
                know it.

        Returns:
            Class indices of shape (H, W), integers; ``ignore_index`` where
            there is no label. Label rules of the dataset come later.

        Raises:
            ValueError: If the mask is not of the format.
        """
        content = self.get(source)
        mask = mmcv.imfrombytes(content, 'unchanged', backend='pillow')
        if mask.ndim == 3:
            colors = mask[..., : 1 if mask.shape[2] < 3 else 3]
            if (colors != colors[..., :1]).any():
                raise ValueError(
                    f'{source} has colours instead of class indices: set '
                    "mask_format=dict(type='LoadColorMasks', colors=[...])"
                )
            mask = mask[..., 0]
        return mask

    def get(self, path: str) -> bytes:
        """Content of a file."""
        return fileio.get(path, backend_args=self.backend_args)

    def _load_seg_map(self, results: dict) -> None:
        shape = results.get('ori_shape')
        labels = self.read(
            results['seg_map_path'], tuple(shape[:2]) if shape else None
        )
        if results.get('reduce_zero_label') or results.get('label_map'):
            labels = relabel(
                labels,
                bool(results.get('reduce_zero_label')),
                results.get('label_map'),
                self.ignore_index,
            )
        dtype = np.uint16 if self.ignore_index > MAX_UINT8 else np.uint8
        if labels.dtype != np.uint8 and labels.max() > np.iinfo(dtype).max:
            raise ValueError(
                f'{results["seg_map_path"]} has the class index '
                f'{labels.max()}, and ignore_index is {self.ignore_index}: '
                'give such values a class by label_map; for more than 255 '
                'classes set ignore_index=65535 (docs/own_data.md)'
            )
        results['gt_seg_map'] = labels.astype(dtype)
        results['seg_fields'].append('gt_seg_map')

    def __repr__(self) -> str:
        return f'{type(self).__name__}(ignore_index={self.ignore_index})'


def _prefer_lossless(files: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out photos that lie beside the masks."""
    return {
        stem: [p for p in paths if not p.lower().endswith(LOSSY_SUFFIXES)]
        or paths
        for stem, paths in files.items()
    }


def with_mask_loader(pipeline: list, loader: MaskLoader) -> Compose:
    """Build a pipeline with another loader of masks.

    Args:
        pipeline: Transforms or their configs.
        loader: What replaces every ``LoadAnnotations``, also inside of
            ``TestTimeAug``.

    Returns:
        The pipeline.
    """
    return _replace(Compose(pipeline), loader)


def _replace(node: Any, loader: MaskLoader) -> Any:
    """The loader for what loads masks, also inside of other transforms."""
    if isinstance(node, LoadAnnotations):
        return loader
    if isinstance(node, list):
        return [_replace(one, loader) for one in node]
    # Where Compose, MMCV's wrappers and TestTimeAug hold their transforms.
    for name in ('transforms', 'subroutines'):
        if hasattr(node, name):
            setattr(node, name, _replace(getattr(node, name), loader))
    return node
