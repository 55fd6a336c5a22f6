"""From rows to tables and figures."""

import shutil
import sys

import numpy as np
import pytest
from matplotlib import image

from experiments import masks_saved, report

RARE = ('pole', 'sign', 'fence', 'pedestrian', 'bicyclist')


def row(contender, seed, iou, split='1over16', protocol='cpu', **more):
    """A run in which every class has the same IoU."""
    return {
        'protocol': protocol,
        'data': 'camvid',
        'split': split,
        'contender': contender,
        'seed': str(seed),
        'mIoU': str(iou),
        'mIoU_val': str(iou + 10),
        **{f'IoU.{name}': str(iou) for name in ('sky', *RARE)},
        **more,
    }


@pytest.fixture
def rows():
    return [
        row('a_former_idea', 0, 39.0),
        row('usrn', 0, 40.0),
        row('baseline', 0, 30.0, cpu_minutes='5'),
        row('baseline', 1, 34.0, cpu_minutes='6'),
        row('baseline', 0, 50.0, split='all'),
        row('usrn', 0, 99.0, protocol='cpu_earlier'),
    ]


def page(kind):
    return f'a\n<!-- {kind} camvid-cpu -->\nold\n<!-- end -->\nb\n'


def lines(text):
    return [line for line in text.splitlines() if line.startswith('|')]


def test_results(rows):
    table = lines(report.fill_page(page('results'), rows))
    assert table[0] == (
        '| labeled | contender | seeds | mIoU | over baseline | over usrn '
        '| rare classes | on `val` | CPU min |'
    )
    assert table[2:] == [
        '| all | baseline | 1 | 50.0 |  |  | 50.0 | 60.0 |  |',
        '| 1/16 | baseline | 2 | 32.0 ± 2.8 |  | -10.0 (of 1) | 32.0 ± 2.8 '
        '| 42.0 ± 2.8 | 5.5 |',
        '| 1/16 | usrn | 1 | 40.0 | +10.0 |  | 40.0 | 50.0 |  |',
        # It has left the grid.
        '| 1/16 | a_former_idea | 1 | 39.0 | +9.0 | -1.0 | 39.0 | 49.0 |  |',
    ]


def test_fields(rows):
    """Every data set of the protocol, here one, with its rare classes."""
    rows[1]['IoU.pole'] = '45.0'
    text = report.fill_page('<!-- fields cpu -->\n<!-- end -->', rows)
    assert lines(text) == [
        '| contender | camvid | camvid, rare |',
        '| --- | --- | --- |',
        '| baseline | 32.0 ± 2.8 | 32.0 ± 2.8 |',
        '| usrn | 40.0 (+10.0) | 41.0 (+11.0) |',
        '| baseline, all masks | 50.0 | 50.0 |',
    ]


def test_classes(rows):
    table = lines(report.fill_page(page('classes'), rows))
    assert table[0].startswith('| labeled | contender | sky | pole |')
    assert table[3].startswith('| 1/16 | baseline | 32.0 | 32.0 |')
    assert len(table) == 5


def test_saved(rows):
    """A baseline of 23 masks has 32.0, with all 367 it has 50.0 percent.

    Seed 1 is left out: neither USRN nor the baseline with all masks has it.
    """
    text = report.fill_page('<!-- saved cpu -->\n<!-- end -->', rows)
    # Half way from 30 to 50 percent, so the geometric mean of 23 and 367.
    assert lines(text)[2:] == [
        '| camvid | 23 | 30.0 | 40.0 | 92 | 30.0 | 40.0 | 92 |'
    ]


@pytest.mark.parametrize(
    ('value', 'needed'),
    [
        (29.0, '≤ 10'),
        (30.0, '≤ 10'),
        (35.0, '14'),
        (40.0, '20'),
        (45.0, '40'),
        (50.0, '80'),
        (50.1, '> 80'),
    ],
)
def test_masks_needed(value, needed):
    line = {10: [28.0, 32.0], 20: [40.0], 80: [50.0]}
    assert masks_saved.masks_needed(line, value) == needed


def test_panels_of_a_protocol(rows):
    assert report.panels(rows, 'cpu') == {
        f'camvid, {title}': {
            'baseline': {23: [30.0], 367: [50.0]},
            'usrn': {23: [40.0]},
        }
        for title in report.PARTS.values()
    }


def test_only_the_table_changes(rows):
    text = report.fill_page(page('results') + page('classes'), rows)
    assert text.startswith('a\n<!-- results camvid-cpu -->\n\n| labeled')
    assert text.endswith(' |\n\n<!-- end -->\nb\n')
    assert report.fill_page(text, rows) == text
    with pytest.raises(ValueError, match='no rows of roads-cpu'):
        report.fill_page('<!-- classes roads-cpu -->\n<!-- end -->', rows)


def test_docs_are_what_the_command_writes(project_root, tmp_path):
    """Tables to the letter, figures to the eye."""
    for name in report.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(project_root / name, tmp_path / name)
    images = 'docs/images'
    (tmp_path / images).mkdir()
    report.write_pages(tmp_path)
    for name in report.PAGES:
        assert (tmp_path / name).read_text() == (
            project_root / name
        ).read_text(), f'{name}: run `python -m experiments.report`'
    made = {path.name for path in (tmp_path / images).iterdir()}
    kept = {path.name for path in (project_root / images).glob('experiments*')}
    assert made == kept
    for name in made:
        new = image.imread(tmp_path / images / name)
        old = image.imread(project_root / images / name)
        assert new.shape == old.shape
        assert np.abs(new - old).mean() < 0.01, name


def test_rows_are_added_first(tmp_path, monkeypatch):
    added = []
    monkeypatch.setattr(report, 'add_results', added.extend)
    monkeypatch.setattr(report, 'write_pages', lambda root: None)
    file = tmp_path / 'results.csv'
    monkeypatch.setattr(sys, 'argv', ['report', '--add', str(file)])
    with pytest.raises(SystemExit, match='no results in'):
        report.main()
    file.write_text('data,mIoU\nroads,1.5\n')
    report.main()
    assert added == [{'data': 'roads', 'mIoU': '1.5'}]
