"""Settings of a config that contradict its data."""

from collections.abc import Iterator, Mapping

from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_usrn.datasets.image_files import name_some

from .masks import missing_classes
from .parts import Part
from .report import Finding, error
from .scan import Scan


def setting_findings(cfg: Config, scan: Scan) -> list[Finding]:
    """Classes and label rules that differ from part to part.

    Args:
        cfg: A whole config.
        scan: What was seen of its data.

    Returns:
        The findings; all are errors.
    """
    return [
        error('config', problem, fix) for problem, fix in _parts(cfg, scan)
    ]


def _parts(cfg: Config, scan: Scan) -> Iterator[tuple[str, str]]:
    """Classes and label rules that differ from part to part."""
    labeled = scan.parts.get('labeled')
    if labeled is None or not labeled.classes:
        return
    parts = [part for part in scan.parts.values() if part.has_masks]
    classes_of = {part.name: part.classes for part in parts}
    test = (cfg.get('test_dataloader') or {}).get('dataset')
    if test and test != (cfg.get('val_dataloader') or {}).get('dataset'):
        classes_of['test'] = _classes_of(test)
    for name, classes in classes_of.items():
        if classes not in ((), labeled.classes):
            yield (
                f'the classes of the {name} part are not those of the labeled '
                f'part: {_first_difference(labeled.classes, classes)}',
                'name the same classes in the same order',
            )
    for part in parts:
        if _contradict(labeled, part):
            yield (
                f'reduce_zero_label is {_reduces(labeled)} in the labeled '
                f'part, {_reduces(part)} in the {part.name} part, but masks '
                'of both start at the same value',
                'set the same in both',
            )


def _reduces(part: Part) -> bool:
    return any(s.rules and s.rules.reduce_zero_label for s in part.sources)


def _contradict(labeled: Part, part: Part) -> bool:
    """Whether the same masks would get other classes in another part."""
    if _reduces(labeled) == _reduces(part):
        return False
    if missing_classes(labeled) and not _reduces(labeled):
        return False
    starts = {
        0
        in {
            value
            for s in p.sources
            for m in s.masks.values()
            for value in m.values
        }
        for p in (labeled, part)
    }
    return len(starts) == 1


def _classes_of(config: Mapping) -> tuple[str, ...]:
    """Classes of the test part, whose files are not looked at."""
    try:
        dataset = DATASETS.build({**config, 'lazy_init': True})
        return tuple(dataset.metainfo.get('classes') or ())
    except (ValueError, OSError, TypeError, AttributeError, AssertionError):
        return ()


def _first_difference(first: tuple, second: tuple) -> str:
    """Where two lists of classes differ."""
    if set(first) == set(second):
        places = [i for i, n in enumerate(first) if second[i] != n]
        named = [f'{i} is {second[i]}, not {first[i]}' for i in places]
        return name_some(named, 3)
    missing = [n for n in first if n not in second]
    extra = [n for n in second if n not in first]
    texts = (('lacks', missing), ('has also', extra))
    return ', '.join(f'it {what} {name_some(n)}' for what, n in texts if n)
