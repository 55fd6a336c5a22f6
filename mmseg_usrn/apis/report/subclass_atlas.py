"""Atlas of the subclasses: what the pixels of each look like.

Letters: ``P`` cells, ``C`` channels, ``S`` subclasses, ``I`` labeled images.
"""

from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Subset

from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.datasets.transforms import grid_size
from mmseg_usrn.engine import extract_labeled_features
from mmseg_usrn.models import USRN
from mmseg_usrn.structures import SubclassTable
from mmseg_usrn.visualization import input_picture

MOST_IMAGES = 300
"""Labeled images that are searched, evenly chosen from all."""

CROP = 64
"""Pixels of a crop's side on the page."""

_ALL_CROPS = 600
"""Crops of all subclasses together, about 1.5 MB."""


@dataclass(frozen=True)
class AtlasEntry:
    """A subclass.

    Attributes:
        subclass: Its index.
        class_index: Its class.
        cells: Labeled cells that belong to it.
        crops: Nearest to its prototype first, (64, 64, 3) uint8 RGB each.
    """

    subclass: int
    class_index: int
    cells: int
    crops: list[np.ndarray]


@torch.no_grad()
def make_atlas(model: USRN, dataset: PairedDataset) -> list[AtlasEntry]:
    """Crops around the cells nearest to the prototype of every subclass.

    Subclasses are those of the last clustering. The network is trained on
    after it, so that a prototype is the mean of its cells' features today.

    Args:
        model: With a filled table.
        dataset: The images that it was trained on.

    Returns:
        The subclasses in use, by class.

    Raises:
        ValueError: If the table is of other labeled images.
    """
    table = model.subclass_table.cpu()
    images = len(dataset.labeled)
    if table.num_images != images:
        raise ValueError(
            f'the checkpoint has subclasses of {table.num_images} labeled '
            f'images, the config has {images}: the labeled images are others '
            'than those of the training'
        )
    chosen = np.linspace(0, images - 1, min(images, MOST_IMAGES)).astype(int)
    plain = Subset(dataset.without_augmentation(), chosen.tolist())
    used = table.subclass_to_class >= 0
    each = int(np.clip(_ALL_CROPS // max(int(used.sum()), 1), 1, 6))
    nearest = _nearest_cells(model, plain, dataset.cell_stride, each)
    crops = _cut(plain, nearest, dataset.cell_stride)
    cells = count_cells(table)
    order = table.subclass_to_class.argsort(stable=True).tolist()
    return [
        AtlasEntry(s, int(table.subclass_to_class[s]), int(cells[s]), crops[s])
        for s in order
        if used[s]
    ]


def count_cells(table: SubclassTable) -> np.ndarray:
    """Labeled cells of every subclass, (S,)."""
    cells = table.cell_subclass.cpu().long()
    counts = torch.bincount(cells[cells >= 0], minlength=table.num_subclasses)
    return counts.numpy()


def _nearest_cells(
    model: USRN, images: Subset, stride: int, each: int
) -> dict[int, list[tuple[int, int]]]:
    """Images (of the subset) and cells by subclass, the nearest first."""
    table = model.subclass_table
    labeled = extract_labeled_features(model, images, stride, num_workers=0)
    own = (labeled.cells >= 0).nonzero()[:, 0].cpu()
    image, cell = labeled.images.cpu()[own], labeled.cells.cpu()[own]
    first = table.first_cell.cpu()[torch.tensor(images.indices)]
    subclass = table.cell_subclass.cpu()[first[image] + cell].long()
    features = labeled.features.cpu()[own]
    found = {}
    for s in subclass.unique().tolist():
        if s < 0:
            continue
        members = (subclass == s).nonzero()[:, 0]
        order = members[order_by_distance(features[members].float())]
        kept = pick_apart(image[order].tolist(), each)
        found[s] = [(int(image[i]), int(cell[i])) for i in order[kept]]
    return found


def order_by_distance(features: Tensor) -> Tensor:
    """Indices of features (P, C), the nearest to their mean first."""
    return (features - features.mean(0)).norm(dim=1).argsort(stable=True)


def pick_apart(images: list[int], count: int) -> list[int]:
    """Places of the first ones, of different images as far as there are.

    Args:
        images: Image of each cell, in order.
        count: Places to pick.

    Returns:
        At most ``count`` places, ascending.
    """
    first = {image: i for i, image in reversed(list(enumerate(images)))}
    apart = sorted(first.values())[:count]
    rest = [i for i in range(len(images)) if i not in set(apart)]
    return sorted(apart + rest[: count - len(apart)])


def _cut(
    images: Subset, nearest: dict[int, list[tuple[int, int]]], stride: int
) -> dict[int, list[np.ndarray]]:
    """The crops of every subclass; each image is loaded once."""
    wanted = defaultdict(list)
    for s, places in nearest.items():
        for rank, (image, cell) in enumerate(places):
            wanted[image].append((s, rank, cell))
    crops: dict[int, dict[int, np.ndarray]] = defaultdict(dict)
    for image, requests in wanted.items():
        sample = images[image]
        picture = input_picture(sample['inputs'])
        height, width = sample['data_samples'].metainfo['ori_shape'][:2]
        rows, columns = grid_size(height, width, stride)
        for s, rank, cell in requests:
            row, column = divmod(cell, columns)
            center = (row + 0.5) / rows, (column + 0.5) / columns
            crops[s][rank] = crop_around(picture, center, 8 * stride)
    ordered = {s: [c[i] for i in sorted(c)] for s, c in crops.items()}
    return defaultdict(list, ordered)


def crop_around(
    picture: np.ndarray, center: tuple[float, float], side: int
) -> np.ndarray:
    """A square of a picture, moved inside where it would leave it.

    Args:
        picture: (H, W, 3) uint8.
        center: Place in the picture, row and column, 0 to 1.
        side: Pixels; at most the shorter side of the picture.

    Returns:
        (64, 64, 3) uint8.
    """
    side = min(side, *picture.shape[:2])
    top, left = (
        int(np.clip(round(c * length - side / 2), 0, length - side))
        for c, length in zip(center, picture.shape[:2], strict=True)
    )
    crop = picture[top : top + side, left : left + side]
    return cv2.resize(crop, (CROP, CROP), interpolation=cv2.INTER_AREA)
