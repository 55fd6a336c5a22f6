"""Names of the classes from the small files that data sets come with."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import mmengine
import yaml

from .mask_formats.colors import parse_color, read_labelmap
from .palette import check_classes

# What files call the list of classes, and the entries of one of them.
LISTS = ('classes', 'names', 'categories', 'labels', 'label_names')
NAMES = ('name', 'title', 'class', 'label', 'class_name', 'classes')
NUMBERS = ('id', 'value', 'pixel value', 'index', 'label_id', 'class_id')
COLORS = ('r', 'g', 'b')
NUMBERED = re.compile(r'(\d+)\s*(?:[:;,=\t]\s*|\s+)(\S.*)')


def load_classes(path: str | Path) -> dict:
    """Read class names, and colours if there are any, from a small file.

    Read are text files of one name a line, of ``0 name`` lines or of one line
    of names with commas; CVAT's ``labelmap.txt``; CSV files with a heading
    (Roboflow's ``_classes.csv``, ``name,r,g,b``); and JSON or YAML with a list
    of names, ``classes`` and ``palette``, YOLO's ``names``, COCO's
    ``categories`` or names by number::

        [road, tree, car]

        classes: [road, tree, car]
        palette: [[128, 64, 128], [107, 142, 35], [0, 0, 142]]

    Args:
        path: The file.

    Returns:
        ``dict(classes=(...))`` in the order of the numbers, if there are
        some; ``palette`` if there are colours; ``values``, the numbers, if
        they are not 0, 1, 2, ...

    Raises:
        ValueError: If the file is missing or of another form.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f'the classes file {path} does not exist')
    suffix = path.suffix.lower()
    if suffix in ('.json', '.yaml', '.yml'):
        meta = _from_content(_load(path))
    else:
        text = path.read_text(encoding='utf-8-sig')
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if any(re.match(r'[^:#]+:(\d+,\d+,\d+)?:', line) for line in lines):
            colors = read_labelmap(path)
            meta = dict(classes=[*colors], palette=[*colors.values()])
        else:
            lines = [line for line in lines if not line.startswith('#')]
            meta = _from_table(lines, path) or _from_lines(lines)
    return check_classes(meta, str(path))


def _load(path: Path) -> object:
    """Content of a JSON or YAML file."""
    try:
        return mmengine.load(path)
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(
            f'the classes file {path} is damaged: {error}'
        ) from None


def _from_content(content: object) -> dict:
    """Classes in what JSON and YAML hold."""
    if isinstance(content, Mapping):
        for key in LISTS:
            if isinstance(content.get(key), (list, tuple, Mapping)):
                meta = _from_content(content[key])
                if content.get('palette'):
                    meta['palette'] = content['palette']
                return meta
        return _from_mapping(content)
    if not isinstance(content, (list, tuple)):
        return dict(classes=None)
    records = [entry for entry in content if isinstance(entry, Mapping)]
    if records and len(records) == len(content):
        return _from_records(records)
    return dict(classes=content)


def _from_mapping(content: Mapping) -> dict:
    """Names by number, numbers by name, or colours by name."""
    keys, values = list(content), list(content.values())
    if keys and all(str(key).isdigit() for key in keys):
        return _in_order([int(key) for key in keys], values)
    if keys and all(isinstance(v, int) for v in values):
        return _in_order(values, keys)
    if keys and all(isinstance(v, (list, tuple)) for v in values):
        return dict(classes=keys, palette=values)
    return dict(classes=None)


def _from_records(records: list[Mapping]) -> dict:
    """Classes of which each is a record: COCO's, CVAT's, Supervisely's."""
    key = next((k for k in NAMES if all(k in r for r in records)), None)
    if key is None:
        return dict(classes=None)
    groups = {r.get('supercategory') for r in records}
    # Roboflow writes the name of the data set as the first category.
    kept = [r for r in records if r[key] not in groups or r.get('id') != 0]
    records = kept or records
    names = [r[key] for r in records]
    numbers = [r['id'] for r in records if isinstance(r.get('id'), int)]
    meta = dict(classes=names)
    if len(numbers) == len(records):
        meta = _in_order(numbers, names)
    if all(isinstance(r.get('color'), (str, list)) for r in records):
        color_of = dict(zip(names, (r['color'] for r in records), strict=True))
        meta['palette'] = [parse_color(color_of[n]) for n in meta['classes']]
    return meta


def _from_table(lines: list[str], path: Path) -> dict | None:
    """Classes of a CSV file with a heading, None if it is no such file."""
    rows = list(csv.DictReader(lines, skipinitialspace=True, restval=''))
    heading = {k.strip().lower(): k for k in rows[0] if k} if rows else {}
    name = next((heading[k] for k in NAMES if k in heading), None)
    # In a list of names, the first one may be that of a column.
    is_table = len(heading) > 1 or path.suffix.lower() == '.csv'
    if name is None or not is_table:
        return None
    number = next((heading[k] for k in NUMBERS if k in heading), None)
    colors = [heading[key] for key in COLORS if key in heading]
    for row in rows:
        used = [row[key].strip() for key in (name, number, *colors) if key]
        if not all(used) or any(row.get(None, [])):
            raise ValueError(
                f'{path}: the row with {", ".join(used)} does not fit the '
                f'heading {", ".join(heading)}: fill in all columns, and put '
                'names with commas in quotes'
            )
    names = [row[name].strip() for row in rows]
    meta = dict(classes=names)
    if len(colors) == len(COLORS):
        meta['palette'] = [[int(row[key]) for key in colors] for row in rows]
    elif number is not None:
        return _in_order([int(row[number]) for row in rows], names)
    return meta


def _from_lines(lines: list[str]) -> dict:
    """Names of which each has a line, or all of them one."""
    matches = [m for m in map(NUMBERED.fullmatch, lines) if m]
    if matches and len(matches) == len(lines):
        numbers = [int(match[1]) for match in matches]
        return _in_order(numbers, [match[2] for match in matches])
    if len(lines) == 1 and ',' in lines[0]:
        lines = lines[0].strip('[]').split(',')
    return dict(classes=[line.strip(' \t\'",') for line in lines])


def _in_order(numbers: list[int], names: list) -> dict:
    """Names in the order of their numbers."""
    pairs = sorted(zip(numbers, names, strict=True), key=lambda p: p[0])
    values = [number for number, _ in pairs]
    meta = dict(classes=[name for _, name in pairs])
    if values != list(range(len(values))):
        meta['values'] = values
    return meta
