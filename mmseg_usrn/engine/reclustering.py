"""From the features of the labeled images to a filled subclass table.

Letters: ``P`` cells of this rank, ``K`` classes, ``S`` subclasses, ``I``
labeled images.
"""

import torch
from mmengine.dist import all_reduce
from prettytable import PrettyTable
from torch import Tensor

from mmseg_usrn.clustering import (
    ClassClusters,
    cluster_classes,
    resolve_subclasses,
)
from mmseg_usrn.structures import LabeledFeatures, SubclassTable


def recluster(
    table: SubclassTable,
    labeled: LabeledFeatures,
    subclasses_per_class: list[int] | None = None,
    class_names: list[str] | None = None,
    seed: int = 0,
) -> str:
    """Cluster the labeled features and write the result into the table.

    If the table holds an earlier clustering of the same shape, its prototypes
    are the start, and the new subclasses keep the old ids.

    Args:
        table: The model's table; changed in place, equally on all ranks.
        labeled: Features of this rank's labeled images.
        subclasses_per_class: ``K`` numbers that sum to at most ``S``.
            Defaults to sharing ``S`` out in proportion to the labeled
            cells.
        class_names: ``K`` names for the summary.
        seed: Seed of the first centers.

    Returns:
        A summary for the log: a line per class, and the cluster sizes.

    Raises:
        ValueError: If a class has fewer cells than subclasses, or the given
            numbers do not fit the model.
    """
    cells = torch.bincount(labeled.classes, minlength=table.num_classes)
    all_reduce(cells)
    subclasses = resolve_subclasses(
        cells.tolist(), subclasses_per_class or table.num_subclasses
    )
    check_numbers(table, subclasses)
    shape = (table.num_subclasses, labeled.features.shape[1])
    warm = (
        table.is_ready
        and table.prototypes.shape == shape
        and table.subclasses_per_class == subclasses
    )
    clusters = cluster_classes(
        labeled.features,
        labeled.classes,
        subclasses,
        ids=cell_ids(labeled),
        init_prototypes=table.prototypes[: sum(subclasses)] if warm else None,
        previous_subclasses=previous_subclasses(table, labeled)
        if warm
        else None,
        seed=seed,
    )
    fill_table(table, labeled, clusters, subclasses)
    sizes = clusters.sizes[clusters.sizes > 0]
    lines = [
        class_table(cells.tolist(), subclasses, class_names),
        f'subclass sizes: {sizes.min()} to {sizes.max()} labeled cells',
    ]
    if clusters.changed is not None:
        lines.append(f'cells that changed subclass: {clusters.changed:.1%}')
    return '\n'.join(lines)


def class_table(
    cells_per_class: list[int],
    subclasses_per_class: list[int],
    class_names: list[str] | None = None,
) -> str:
    """Table of an apportioning and of the imbalance before and after.

    Imbalance is the largest number of cells divided by the smallest, over
    the classes and over their subclasses.

    Args:
        cells_per_class: ``K`` numbers of labeled cells.
        subclasses_per_class: ``K`` numbers of subclasses.
        class_names: ``K`` names; default to the numbers.
    """
    table = PrettyTable()
    table.field_names = [
        'class',
        'labeled cells',
        'subclasses',
        'cells per subclass',
    ]
    table.align = 'r'
    table.align['class'] = 'l'
    names = class_names or range(len(cells_per_class))
    rows = zip(names, cells_per_class, subclasses_per_class, strict=True)
    for name, cells, count in rows:
        each = f'{cells / count:,.1f}' if count else '-'
        table.add_row([name, f'{cells:,}', count, each])
    total, count = sum(cells_per_class), sum(subclasses_per_class)
    table.add_row(['all', f'{total:,}', count, f'{total / count:,.1f}'])
    pairs = zip(cells_per_class, subclasses_per_class, strict=True)
    kept = [(cells, count) for cells, count in pairs if cells and count]
    classes = [cells for cells, _ in kept]
    largest = max(-(-cells // count) for cells, count in kept)
    smallest = min(cells // count for cells, count in kept)
    return (
        f'{table}\n'
        f'imbalance of the classes: {max(classes) / min(classes):.2f}, '
        f'of the subclasses: {largest / smallest:.2f}'
    )


def check_numbers(
    table: SubclassTable, subclasses_per_class: list[int]
) -> None:
    """Refuse numbers of subclasses that the model has no outputs for.

    Args:
        table: The model's table.
        subclasses_per_class: ``K`` numbers that sum to at most ``S``.

    Raises:
        ValueError: If there are too few or too many numbers, or their sum is
            too large.
    """
    if len(subclasses_per_class) != table.num_classes:
        raise ValueError(
            f'subclasses_per_class has {len(subclasses_per_class)} numbers '
            f'for {table.num_classes} classes'
        )
    total = sum(subclasses_per_class)
    if total > table.num_subclasses:
        raise ValueError(
            f'subclasses_per_class sums to {total}, but the model '
            f'has num_subclasses={table.num_subclasses}; set both to the '
            'same number'
        )


def cell_ids(labeled: LabeledFeatures) -> Tensor:
    """Numbers (P,) that no two cells of a class share on any rank.

    The address of the cell among those of all images; after all addresses
    the image, for the one cell that its class may have beside the grid.
    """
    cells_per_image = labeled.cells_per_image
    start = cells_per_image.cumsum(0) - cells_per_image
    address = start[labeled.images] + labeled.cells
    beside = cells_per_image.sum() + labeled.images
    return torch.where(labeled.cells < 0, beside, address)


def previous_subclasses(
    table: SubclassTable, labeled: LabeledFeatures
) -> Tensor:
    """Subclasses of this rank's cells in the table, (P,), -1 if none."""
    address = table.first_cell[labeled.images] + labeled.cells
    subclasses = table.cell_subclass[address.clamp(min=0)].long()
    return subclasses.masked_fill(labeled.cells < 0, -1)


def fill_table(
    table: SubclassTable,
    labeled: LabeledFeatures,
    clusters: ClassClusters,
    subclasses_per_class: list[int],
) -> None:
    """Gather all ranks' subclasses and write them into the table.

    Args:
        table: The model's table; changed in place, equally on all ranks.
        labeled: Addresses of this rank's cells.
        clusters: Subclasses of these cells, prototypes and prices.
        subclasses_per_class: ``K`` numbers of subclasses.
    """
    cells_per_image = labeled.cells_per_image
    start = cells_per_image.cumsum(0) - cells_per_image
    on_grid = labeled.cells >= 0
    address = start[labeled.images] + labeled.cells
    cell_subclass = torch.full(
        (int(cells_per_image.sum()),),
        -1,
        dtype=torch.int32,
        device=labeled.cells.device,
    )
    cell_subclass[address[on_grid]] = clusters.subclasses[on_grid].int()
    all_reduce(cell_subclass, op='max')
    device = labeled.cells.device
    parents = torch.repeat_interleave(
        torch.arange(table.num_classes, device=device),
        torch.tensor(subclasses_per_class, device=device),
    )
    table.fill(
        subclass_to_class=_pad(parents, table.num_subclasses, -1),
        prototypes=_pad(clusters.prototypes, table.num_subclasses, 0),
        prices=_pad(clusters.prices, table.num_subclasses, 0),
        cells_per_image=cells_per_image,
        cell_subclass=cell_subclass,
        dominant_subclass=dominant_subclasses(
            labeled, clusters.subclasses, parents, table.num_classes
        ),
    )


def dominant_subclasses(
    labeled: LabeledFeatures,
    subclasses: Tensor,
    parents: Tensor,
    num_classes: int,
) -> Tensor:
    """Most frequent subclass of every class in every image.

    Args:
        labeled: Addresses of this rank's cells.
        subclasses: (P,) int64 subclasses of these cells.
        parents: Classes of the subclasses, int64.
        num_classes: ``K``.

    Returns:
        (I, K) int32, -1 where the image has no cell of the class.
    """
    num_images = len(labeled.cells_per_image)
    pair = labeled.images * len(parents) + subclasses
    counts = torch.bincount(pair, minlength=num_images * len(parents))
    counts = counts.view(num_images, len(parents))
    all_reduce(counts)
    dominant = counts.new_full((num_images, num_classes), -1)
    for k in parents.unique().tolist():
        own = (parents == k).nonzero()[:, 0]
        most, at = counts[:, own].max(dim=1)
        dominant[:, k] = own[at].masked_fill(most == 0, -1)
    return dominant.int()


def _pad(values: Tensor, length: int, fill: int) -> Tensor:
    """Lengthen the first dimension for outputs that no class uses."""
    rest = values.new_full((length - len(values), *values.shape[1:]), fill)
    return torch.cat([values, rest])
