"""The files and label rules of one part of the data, from its dataset."""

from dataclasses import dataclass, field

from mmcv.transforms import LoadAnnotations, LoadImageFromFile

from mmseg_usrn.datasets.transforms.loading import LoadWideAnnotations

from .labels import LabelRules

# What these decode is what the check decodes.
STOCK_BACKENDS = ('cv2', 'pillow', None)


@dataclass
class Part:
    """What the check wants to know of a dataset.

    Attributes:
        name: ``'labeled'``, ``'unlabeled'`` or ``'val'``.
        images: Paths of the images, each once.
        pairs: Mask of every image that has one, by path.
        classes: Names of the classes.
        backend: How the pipeline decodes masks.
        rules: Label rules of every mask; None for the unlabeled part.
        remote: Whether the files are not on this machine.
        foreign: Loaders of the pipeline whose files the check cannot decode.
    """

    name: str
    images: list[str] = field(default_factory=list)
    pairs: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    backend: str = 'pillow'
    rules: LabelRules | None = None
    remote: bool = False
    foreign: list[str] = field(default_factory=list)


def describe(name: str, dataset, num_classes: int | None = None) -> Part:
    """Read the list of files and the label rules from a dataset.

    Wrappers (repeated, concatenated, class-balanced) are looked through.

    Args:
        name: Name of the part.
        dataset: Any dataset with MMEngine's ``get_data_info``.
        num_classes: K; defaults to the number of the dataset's classes.

    Returns:
        The part. All images of it share the label rules of the last one.
    """
    while not hasattr(dataset, 'get_data_info'):
        dataset = dataset.dataset
    part = Part(name)
    part.classes = tuple(dataset.metainfo.get('classes') or ())
    innermost = _innermost(dataset)
    loader, part.foreign = _find_loaders(innermost)
    info = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        part.images.append(info['img_path'])
        if name != 'unlabeled' and info.get('seg_map_path'):
            part.pairs[info['img_path']] = info['seg_map_path']
    part.images = list(dict.fromkeys(part.images))
    part.remote = any('://' in path for path in part.images[:1])
    if loader is not None:
        part.backend = loader.imdecode_backend or 'cv2'
    if part.pairs:
        wide = isinstance(loader, LoadWideAnnotations)
        owner = loader if wide else innermost
        part.rules = LabelRules(
            num_classes or len(part.classes),
            bool(info.get('reduce_zero_label')),
            info.get('label_map'),
            getattr(owner, 'ignore_index', 255),
            wide,
        )
    return part


def _innermost(dataset):
    """The first dataset inside any wrappers."""
    while True:
        if hasattr(dataset, 'datasets'):
            dataset = dataset.datasets[0]
        elif hasattr(dataset, 'dataset'):
            dataset = dataset.dataset
        else:
            return dataset


def _find_loaders(dataset) -> tuple[LoadAnnotations | None, list[str]]:
    """The transform that loads the masks, and loaders of other formats."""
    pipeline = getattr(dataset, 'pipeline', None)
    mask_loader, foreign = None, []
    for transform in getattr(pipeline, 'transforms', []):
        name = type(transform).__name__
        if isinstance(transform, LoadAnnotations):
            mask_loader = transform
        elif not name.startswith('Load'):
            continue
        stock = isinstance(transform, (LoadAnnotations, LoadImageFromFile))
        if not stock or transform.imdecode_backend not in STOCK_BACKENDS:
            foreign.append(name)
    return mask_loader, foreign
