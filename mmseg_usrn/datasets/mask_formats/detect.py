"""Which format masks have, found from the files themselves."""

import os.path as osp
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mmseg.registry import TRANSFORMS

from ..image_files import as_list, find_files, name_some, strip_suffix
from .base import MaskLoader
from .class_files import settle_background
from .coco import is_coco, read_coco
from .detect_colors import detect_colors
from .detect_yolo import is_yolo, yolo_names
from .images import ALL_SUFFIXES
from .label_studio import is_label_studio
from .labelme import IGNORED_LABEL, is_labelme
from .named import find_background
from .records import load_json

ARRAYS = ('.npy', '.npz', '.mat')
KNOWN_SUFFIXES = (*ALL_SUFFIXES, '.json', '.txt', *ARRAYS)
JSON_KINDS = dict(
    LoadCocoMasks=is_coco,
    LoadLabelMeMasks=is_labelme,
    LoadLabelStudioMasks=is_label_studio,
)
MAX_FILES = 20  # that are opened to see of which kind they are


@dataclass
class DetectedFormat:
    """What masks turn out to be.

    Attributes:
        mask_format: The setting of ``FolderSegDataset``; None if the stock
            loader reads the masks.
        evidence: What was seen, for a person to read.
        classes: The classes in order: those that were given, or else those
            that the files name.
        where: Folder or file of the masks.
    """

    mask_format: dict | None
    evidence: str
    classes: tuple[str, ...] = ()
    where: str = ''


Found = DetectedFormat | None


def detect_mask_format(
    where: str,
    stems: Sequence[str],
    classes: Sequence[str] = (),
    mask_suffix: Sequence[str] | str | None = None,
    told: dict | None = None,
) -> DetectedFormat:
    """Find out which format masks have.

    Args:
        where: Folder of the masks, or the file that has all of them.
        stems: Stems of the labeled images.
        classes: Names of the classes, if they are known.
        mask_suffix: How the masks end, for example ``_mask.png``, where they
            are images whose names have an addition; one for all classes.
        told: Settings of a format that names classes: ``background``.

    Returns:
        The format. It has been tried on no more than some of the masks.

    Raises:
        ValueError: If no format fits, or something has to be told; the text
            lists what was found.
    """
    classes = tuple(classes)
    found: DetectedFormat | None
    if osp.isfile(where):
        found = _detect_json([where], where, stems, classes, told)
        assert found is not None  # of another kind it raises
        return found
    files = find_files(where, KNOWN_SUFFIXES, 'mask')
    paths = [path for of_stem in files.values() for path in of_stem]
    fitting = [path for stem in stems for path in files.get(stem, [])]
    jsons = [path for path in paths if path.lower().endswith('.json')]
    for detect in (_detect_json, _detect_arrays, _detect_yolo):
        candidates = jsons if detect is _detect_json else fitting
        found = detect(candidates, where, stems, classes, told)
        if found:
            return found
    # With a suffix, other additions to a name are those of other files.
    if not mask_suffix:
        found = _detect_class_files(files, where, stems, classes, told)
        if found:
            return found
    suffixes = as_list(mask_suffix) or list(ALL_SUFFIXES)
    masks = MaskLoader().find(where, list(stems), suffixes)
    settings, evidence, names = detect_colors(
        list(masks.values()), classes, where
    )
    return DetectedFormat(settings, evidence, classes or names, where)


def _detect_json(paths, where, stems, classes, told) -> Found:
    """COCO, LabelMe or Label Studio."""
    kinds = defaultdict(list)
    contents = {path: _open_json(path) for path in paths[:MAX_FILES]}
    for path, content in contents.items():
        for kind, fits in JSON_KINDS.items():
            if fits(content):
                kinds[kind].append(path)
                break
    if contents and all(content is None for content in contents.values()):
        load_json(paths[0])  # says what is wrong
    if not kinds and where in paths:
        raise ValueError(
            f'{where} is of none of the kinds that are read: COCO, LabelMe, '
            'Label Studio'
        )
    if not kinds:
        return None
    kind = max(kinds, key=lambda kind: len(kinds[kind]))
    used = paths if len(paths) > MAX_FILES else kinds[kind]
    if kind == 'LoadCocoMasks':
        if len(used) > 1:
            raise ValueError(
                f'{where} has {len(used)} COCO files: {name_some(used)}; '
                'give the path of one as the folder of the masks'
            )
        where, names = used[0], _coco_names(used[0])
    else:
        names = _used_labels(kind, used)
    evidence = f'{len(used)} {kind[4:-5]} file(s) with {", ".join(names)}'
    settings = dict(told or {}, type=kind)
    return _finish(settings, evidence, names, where, stems, classes)


def _open_json(path: str):
    """Content of a JSON file; None if it is damaged or missing.

    The data check lists the damaged ones among many.
    """
    try:
        return load_json(path)
    except (OSError, ValueError):
        return None


def _coco_names(path: str) -> list[str]:
    return read_coco(path, osp.getmtime(path)).categories


def _used_labels(kind: str, paths: list[str]) -> list[str]:
    """Labels of the shapes, sorted."""
    names = set()
    for path in paths:
        if kind == 'LoadLabelMeMasks':
            content = _open_json(path)
            shapes = content['shapes'] if is_labelme(content) else []
            names |= {shape['label'] for shape in shapes if 'label' in shape}
        else:
            loader = TRANSFORMS.build(
                dict(type=kind, classes=['any'], background=None)
            )
            names |= loader.labels(path)
    return sorted(names - {IGNORED_LABEL})


def _finish(settings, evidence, names, where, stems, classes):
    """Name the classes, and let the loader find the masks once."""
    classes = classes or _with_background(names, settings)
    loader = TRANSFORMS.build(dict(settings, classes=classes))
    for name in names:
        loader.label_of(name, where)
    loader.find(where, list(stems))
    return DetectedFormat(settings, evidence, tuple(classes), where)


def _with_background(names, settings) -> tuple[str, ...]:
    """The classes that are named and, if it is none of them, background."""
    told = settings.get('background', find_background(names) or 'background')
    first = [] if told is None or told in names else [told]
    return (*first, *names)


def _detect_arrays(fitting, where, stems, classes, told) -> Found:
    """NumPy's or MATLAB's files."""
    arrays = [path for path in fitting if path.lower().endswith(ARRAYS)]
    if not arrays:
        return None
    settings = dict(type='LoadArrayMasks')
    _try_one(TRANSFORMS.build(settings), arrays[:MAX_FILES])
    evidence = f'{len(arrays)} arrays, such as {arrays[0]}'
    return DetectedFormat(settings, evidence, classes, where)


def _try_one(loader: MaskLoader, paths: Sequence[str]) -> None:
    """Read one mask; the data check lists those that cannot be read.

    Raises:
        ValueError: If none can be read: why the first one cannot.
    """
    for path in paths:
        try:
            loader.read(path)
        except (OSError, ValueError):
            continue
        return
    loader.read(paths[0])


def _detect_yolo(fitting, where, stems, classes, told) -> Found:
    """YOLO's text files, with the names that lie beside them."""
    texts = [path for path in fitting if path.lower().endswith('.txt')]
    if not is_yolo(texts[:MAX_FILES]):
        return None
    settings: dict = dict(told or {}, type='LoadYoloMasks')
    numbered = yolo_names(where)
    names = list(numbered.values())
    if names:
        in_order = list(numbered) == list(range(len(names)))
        settings['names'] = names if in_order else numbered
    elif not classes:
        raise ValueError(
            f'{where} holds YOLO files, which number the classes; name them, '
            'the background first'
        )
    evidence = f'{len(texts)} YOLO files'
    evidence += f' with {", ".join(names)}' if names else ''
    return _finish(settings, evidence, names, where, stems, classes)


def _detect_class_files(files, where, stems, classes, told) -> Found:
    """One image per class: in folders, or with additions to the name."""
    images = {s: p for s, p in files.items() if s not in set(stems)}
    found: Counter = Counter()  # template and token -> number of images
    for stem, paths in images.items():
        suffix = osp.splitext(paths[0])[1]
        if strip_suffix(paths[0], ALL_SUFFIXES) is None:
            continue
        for template, token in _readings(stem, set(stems)):
            found[template + suffix, token] += 1
    tokens: dict = defaultdict(dict)
    for (template, token), number in found.items():
        tokens[template][token] = number
    best = max(
        tokens, key=lambda t: sum(sorted(tokens[t].values())[:-1]), default=''
    )
    if len(tokens.get(best, ())) < 2:
        return None
    names = sorted(tokens[best])
    settings = dict(told or {}, type='LoadClassFileMasks', template=best)
    return _class_files(settings, names, where, stems, classes)


def _readings(stem: str, stems: set[str]):
    """Ways to read a name as that of an image and something else."""
    first, _, rest = stem.partition('/')
    if rest in stems:
        yield '{class}/{stem}', first
    folder, name = osp.split(stem)
    for match in re.finditer(r'[_.\- ]+', name):
        head, tail = name[: match.start()], name[match.end() :]
        if osp.join(folder, head) in stems and tail:
            yield '{stem}' + match[0] + '{class}', tail
        if not folder and tail in stems and head:
            yield '{class}' + match[0] + '{stem}', head


def _class_files(settings, tokens, where, stems, classes) -> DetectedFormat:
    """Match what the files are called with the classes."""
    template = settings['template']
    evidence = f'one file per class, {template}: {name_some(tokens, 12)}'
    if not classes:
        settings = settle_background(settings, tokens, where, stems)
        classes = _with_background(tokens, settings)
    plain = {_plain(token): token for token in tokens}
    names = {c: plain[_plain(c)] for c in classes if _plain(c) in plain}
    unknown = sorted(set(tokens) - set(names.values()))
    if unknown:
        raise ValueError(
            f'{where} has {evidence}; {name_some(unknown, 12)} names none of '
            f'the classes {", ".join(classes)}: name the classes like the '
            "files, or set mask_format=dict(type='LoadClassFileMasks', "
            f"template='{template}', names=dict(CLASS='{unknown[0]}', ...))"
        )
    names = {c: token for c, token in names.items() if c != token}
    if names:
        settings['names'] = names
    settings = settle_background(settings, classes, where, stems)
    return _finish(settings, evidence, (), where, stems, classes)


def _plain(name: str) -> str:
    return re.sub(r'[\W_]+', '', name).lower()
