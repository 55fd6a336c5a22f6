"""The files and label rules of one part of the data, from its dataset."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .files import ImageFacts, MaskFacts
from .labels import MAX_UINT8, LabelRules
from .loaders import Loaders, StoredMask, find_loaders


@dataclass
class Source:
    """A dataset of a part: its files, and how training loads them.

    Attributes:
        infos: What the dataset says of every image, by path.
        loaders: The loading steps of its pipeline.
        rules: How values of masks become classes; None without masks.
        images: Facts of every image, by path; empty before the scan.
        masks: Facts of the mask of every image, by path of the image.
    """

    infos: dict[str, dict]
    loaders: Loaders
    rules: LabelRules | None = None
    images: dict[str, ImageFacts] = field(default_factory=dict)
    masks: dict[str, MaskFacts] = field(default_factory=dict)

    def mask_name(self, image: str) -> str:
        """Path of the mask of an image."""
        return self.infos[image]['seg_map_path']

    def named_masks(self) -> dict[str, MaskFacts]:
        """Facts of every mask, by its own name."""
        return {self.mask_name(i): facts for i, facts in self.masks.items()}


@dataclass
class Part:
    """What the check wants to know of a dataset.

    Attributes:
        name: ``'labeled'``, ``'unlabeled'`` or ``'val'``.
        classes: Names of the classes.
        sources: Its datasets, several if it is a concatenation.
    """

    name: str
    classes: tuple[str, ...] = ()
    sources: list[Source] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Paths of the images, each once."""
        paths = [path for source in self.sources for path in source.infos]
        return list(dict.fromkeys(paths))

    @property
    def images(self) -> dict[str, ImageFacts]:
        """Facts of all images, by path."""
        return {
            p: f for source in self.sources for p, f in source.images.items()
        }

    @property
    def has_masks(self) -> bool:
        """Whether any image has a mask."""
        return any(source.rules for source in self.sources)

    @property
    def remote(self) -> bool:
        """Whether the files are not on this machine."""
        return any('://' in path for path in self.paths[:1])


def describe(name: str, dataset, num_classes: int | None = None) -> Part:
    """Read the list of files and the label rules from a dataset.

    Wrappers (repeated, concatenated, class-balanced) are looked through.

    Args:
        name: Name of the part.
        dataset: Any dataset with MMEngine's ``get_data_info``.
        num_classes: K; defaults to the number of the dataset's classes.

    Returns:
        The part, before its files are looked at.
    """
    classes = tuple(dataset.metainfo.get('classes') or ())
    part = Part(name, classes)
    for innermost in _innermost(dataset):
        infos = {}
        for index in range(len(innermost)):
            info = innermost.get_data_info(index)
            if name == 'unlabeled':
                info.pop('seg_map_path', None)
            infos[info['img_path']] = info
        source = Source(infos, find_loaders(innermost))
        if any(info.get('seg_map_path') for info in infos.values()):
            source.rules = _rules(
                source, innermost, num_classes or len(classes)
            )
        part.sources.append(source)
    return part


def _innermost(dataset) -> Iterator:
    """The datasets inside any wrappers."""
    if hasattr(dataset, 'datasets'):
        for one in dataset.datasets:
            yield from _innermost(one)
    elif hasattr(dataset, 'dataset'):
        yield from _innermost(dataset.dataset)
    else:
        yield dataset


def _rules(source: Source, dataset, num_classes: int) -> LabelRules:
    """The label rules that the dataset's own settings and loader make."""
    info = next(iter(source.infos.values()))
    step = source.loaders.masks[-1]
    step = step.step if isinstance(step, StoredMask) else step
    ignore_index = getattr(step, 'ignore_index', None)
    return LabelRules(
        num_classes,
        bool(info.get('reduce_zero_label')),
        info.get('label_map'),
        ignore_index or getattr(dataset, 'ignore_index', MAX_UINT8),
        ignore_index is not None,  # only ours keep all bits
    )
