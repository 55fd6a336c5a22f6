"""The table of results."""

import csv

from experiments.grids import MASKS, RARE_CLASSES
from experiments.results import KEY, RESULTS, add_results, read_results

ROW = dict(
    protocol='cpu',
    data='camvid',
    split='1over16',
    contender='usrn',
    seed=0,
    mIoU=40.0,
    command='a, b',
)


def test_rows_of_the_same_run_are_replaced(tmp_path):
    path = tmp_path / 'results.csv'
    assert read_results(path) == []
    add_results([{**ROW, 'IoU.sky': 90.0}], path)
    other = {**ROW, 'data': 'roads', 'IoU.crack': 5.0, 'cpu_minutes': ''}
    add_results([other, {**ROW, 'mIoU': 41.0, 'IoU.sky': 91.0}], path)
    first, second = read_results(path)
    assert first['mIoU'] == '41.0' and first['command'] == 'a, b'
    assert first['IoU.sky'] == '91.0' and 'IoU.crack' not in first
    assert second['IoU.crack'] == '5.0' and 'cpu_minutes' not in second


def test_rows_are_in_order(tmp_path):
    path = tmp_path / 'results.csv'
    splits = ['1over30', 'all', '1over16']
    add_results([{**ROW, 'split': split} for split in splits], path)
    found = [row['split'] for row in read_results(path)]
    assert found == ['all', '1over16', '1over30']
    text = path.read_text()
    add_results([], path)
    assert path.read_text() == text


def test_the_results_of_this_project():
    """A row a run, each with what its table needs."""
    with RESULTS.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len({tuple(row[key] for key in KEY) for row in rows}) == len(rows)
    for row in rows:
        classes = [
            float(value)
            for key, value in row.items()
            if key.startswith('IoU.') and value
        ]
        assert abs(sum(classes) / len(classes) - float(row['mIoU'])) < 0.02
        assert row['split'] in MASKS[row['data']]
        assert all(row[f'IoU.{c}'] for c in RARE_CLASSES[row['data']])
        assert row['commit'] and row['command'].startswith('python ')
