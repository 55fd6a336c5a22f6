"""Features of the labeled images, each rank its share.

Letters: ``C`` channels, ``P`` cells, ``H, W`` pixels of the labels.
"""

import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.dist import all_reduce, get_dist_info
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmseg_usrn.datasets.transforms import grid_size
from mmseg_usrn.models import USRN
from mmseg_usrn.structures import LabeledFeatures

from .errors import NotFiniteError
from .preemption import follow_parent


@torch.no_grad()
def extract_labeled_features(
    model: USRN,
    dataset: BaseDataset,
    cell_stride: int,
    num_workers: int = 2,
) -> LabeledFeatures:
    """Features and addresses of the labeled cells of this rank.

    The model runs in evaluation mode and is left in the mode it was in.

    Args:
        model: Its class branch computes the features.
        dataset: The labeled images, un-augmented.
        cell_stride: Pixels per cell side.
        num_workers: Processes that load the images.

    Returns:
        The features of this rank's images; ``cells_per_image`` covers all.

    Raises:
        NotFiniteError: If a feature is infinite or no number.
    """
    rank, world_size = get_dist_info()
    indices = range(rank, len(dataset), world_size)
    dataloader = DataLoader(
        dataset,
        batch_size=1,
        sampler=indices,
        num_workers=num_workers,
        collate_fn=pseudo_collate,
        worker_init_fn=follow_parent,
    )
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    cells_per_image = torch.zeros(
        len(dataset), dtype=torch.int64, device=device
    )
    parts = [_no_cells(model, device)]
    for index, batch in zip(indices, dataloader, strict=True):
        batch = model.data_preprocessor(batch, training=False)
        (sample,) = batch['data_samples']
        height, width = sample.ori_shape[:2]
        grid = grid_size(height, width, cell_stride)
        cells_per_image[index] = grid[0] * grid[1]
        features, classes, cells = _labeled_cells(
            model, batch['inputs'], sample, grid
        )
        _check_finite(features, classes, sample)
        image = torch.full_like(cells, index)
        parts.append([features, classes, image, cells])
    model.train(training)
    all_reduce(cells_per_image)
    columns = [list(column) for column in zip(*parts, strict=True)]
    parts.clear()  # the columns hold them now, and give them away
    features, classes, images, cells = map(_join, columns)
    return LabeledFeatures(features, classes, images, cells, cells_per_image)


def _labeled_cells(
    model: USRN, inputs: Tensor, sample: SegDataSample, grid: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Features (P, C) float16, classes (P,) and indices (P,) of an image.

    The index of a cell that :func:`select_cells` added is -1.
    """
    cells, classes, is_extra = select_cells(
        sample.gt_sem_seg.data[0],
        grid,
        model.num_classes,
        model.decode_head.ignore_index,
        model.align_corners,
    )
    features = _grid_features(model, inputs, sample, *grid)
    return features[cells].half(), classes, cells.masked_fill(is_extra, -1)


def _check_finite(
    features: Tensor, classes: Tensor, sample: SegDataSample
) -> None:
    """Refuse features (P, C) that have no distance to others."""
    bad = ~features.isfinite().all(1)
    if bad.any():
        path = sample.metainfo.get('img_path', 'an image without a path')
        raise NotFiniteError(
            f'{int(bad.sum())} of {len(bad)} features of {path} are not '
            f'finite (or above 65504), first of class '
            f'{int(classes[bad][0])}: nothing is clustered; look at this '
            'image, or lower the learning rate'
        )


def _join(parts: list[Tensor]) -> Tensor:
    """Concatenate parts, which are given away one by one.

    ``torch.cat`` would hold the features of all images twice.
    """
    length = sum(map(len, parts))
    joined = parts[0].new_empty(length, *parts[0].shape[1:])
    while parts:
        part = parts.pop()
        joined[length - len(part) : length] = part
        length -= len(part)
    return joined


def select_cells(
    labels: Tensor,
    grid: tuple[int, int],
    num_classes: int,
    ignore_index: int,
    align_corners: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """The labeled cells of an image.

    A cell has the label of one of its pixels. A class that is in
    the image but on no cell, a thin object, adds the cell that holds most of
    its pixels, so that each class of each image is sampled at least once.

    Args:
        labels: (H, W) int64 class labels.
        grid: Rows and columns of the cells.
        num_classes: ``K``.
        ignore_index: Label of ignored pixels.
        align_corners: Of the model. Without it a feature is that of the
            middle of its cell, and so is the label; with it the label is that
            of the first pixel, as in the original's resized label maps.

    Returns:
        Cell indices (P,) int64, their classes (P,) int64, and (P,) bool,
        true for the added ones.
    """
    height, width = labels.shape
    rows, columns = grid
    device = labels.device
    labels = labels.masked_fill(labels == ignore_index, -1)
    labels = labels.masked_fill(labels >= num_classes, -1)
    # Twice the place of a feature, in cells: i, or with the middle i + 1/2.
    middle = 0 if align_corners else 1
    y = (2 * torch.arange(rows, device=device) + middle) * height // (2 * rows)
    x = 2 * torch.arange(columns, device=device) + middle
    x = x * width // (2 * columns)
    at_cell = labels[y][:, x].flatten()
    cells = (at_cell >= 0).nonzero()[:, 0]
    classes = at_cell[cells]
    present = labels.unique()
    missing = present[(present >= 0) & ~torch.isin(present, classes)]
    extra = cells.new_zeros(len(missing))
    for i, k in enumerate(missing):
        y, x = (labels == k).nonzero(as_tuple=True)
        extra[i] = (
            (y * rows // height * columns + x * columns // width).mode().values
        )
    is_extra = torch.arange(len(cells) + len(extra), device=device)
    is_extra = is_extra >= len(cells)
    return torch.cat([cells, extra]), torch.cat([classes, missing]), is_extra


def _grid_features(
    model: USRN, inputs: Tensor, sample, rows: int, columns: int
) -> Tensor:
    """Features of one image at its cells, (rows * columns, C)."""
    features = model.extract_pixel_features(inputs)
    for dim in (-2, -1):  # leave out what the preprocessor padded
        share = sample.img_shape[:2][dim] / inputs.shape[dim]
        length = max(1, round(features.shape[dim] * share))
        features = features.narrow(dim, 0, length)
    features = resize(
        features,
        size=(rows, columns),
        mode='bilinear',
        align_corners=model.align_corners,
    )
    return features[0].flatten(1).T


def _no_cells(model: USRN, device: torch.device) -> list[Tensor]:
    """What a rank without images contributes."""
    channels = model.decode_head.class_head.conv_seg.in_channels
    index = torch.zeros(0, dtype=torch.int64, device=device)
    features = torch.zeros(0, channels, dtype=torch.half, device=device)
    return [features, index, index, index]
