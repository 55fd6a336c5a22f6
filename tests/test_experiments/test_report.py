"""From the folders of runs to tables."""

import csv
import json

import pytest

CLASSES = ('sky', 'pole', 'sign', 'fence', 'pedestrian', 'bicyclist')


def add_run(work_dir, contender, seed, iou) -> None:
    """A finished run in which every class has the same IoU."""
    folder = work_dir / contender / f'1over16_seed{seed}'
    logs = folder / 'start' / 'vis_data'
    logs.mkdir(parents=True)
    entries = [dict(iter=1, loss=2.0, memory=100), dict(mIoU=30.0, step=2)]
    text = ''.join(json.dumps(entry) + '\n' for entry in entries)
    (logs / 'scalars.json').write_text(text)
    metrics = {f'IoU.{name}': iou for name in CLASSES}
    metrics.update(mIoU=iou, aAcc=90.0, iteration=2)
    record = dict(
        contender=contender,
        fraction='1over16',
        seed=seed,
        command='python tools/train.py',
        wall_seconds=120,
        cpu_seconds=60,
        peak_memory_mb=1000,
        trained=True,
        tested={'last': metrics, 'best': {**metrics, 'mIoU': iou + 1}},
    )
    (folder / 'record.json').write_text(json.dumps(record))


@pytest.fixture
def work_dir(tmp_path):
    add_run(tmp_path, 'usrn', 0, 40.0)
    add_run(tmp_path, 'baseline', 0, 30.0)
    add_run(tmp_path, 'baseline', 1, 34.0)
    add_run(tmp_path, 'usrn_gate_never', 0, 38.0)
    return tmp_path


def test_tables(work_dir):
    from experiments.report import write_results

    write_results(work_dir)
    with (work_dir / 'results.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row['peak_gpu_memory_mb'] for row in rows} == {'100'}
    assert rows[0]['mIoU_rare'] == '30.0'
    assert (work_dir / 'results.png').stat().st_size
    lines = (work_dir / 'results.md').read_text().splitlines()
    table = [line for line in lines if line.startswith('| 1/16')]
    assert table[0].startswith(
        '| 1/16 | baseline | 0 1 | 32.0 ± 2.8 |  | -10.0 | 33.0 ± 2.8 |'
    )
    assert table[1].startswith('| 1/16 | usrn | 0 | 40.0 | +10.0 |  | 41.0 |')
    assert any(line.startswith('| 1/16 | usrn_gate_never |') for line in table)


def test_unfinished_runs_are_left_out(tmp_path):
    from experiments.records import result_rows
    from experiments.report import to_markdown, write_results

    folder = tmp_path / 'usrn' / '1over16_seed0'
    folder.mkdir(parents=True)
    (folder / 'record.json').write_text('{"trained": false}')
    assert result_rows(tmp_path) == []
    assert to_markdown([]) == 'Not run yet.\n'
    write_results(tmp_path)
    assert not (tmp_path / 'results.csv').exists()
    assert not (tmp_path / 'results.png').exists()


def test_page():
    from experiments.report import fill_page

    page = 'a\n<!-- results cpu -->\nold\n<!-- end -->\nb\n'
    sections = {'results cpu': 'new\n', 'summary cpu': 'short\n'}
    filled = fill_page(page, sections)
    assert filled == 'a\n<!-- results cpu -->\n\nnew\n\n<!-- end -->\nb\n'
    assert fill_page(filled, sections) == filled
    with pytest.raises(ValueError, match='results gpu'):
        fill_page(page, {'results gpu': 'new\n'})


def test_summary(work_dir):
    from experiments.records import result_rows
    from experiments.report import summary

    assert summary(result_rows(work_dir)).splitlines()[2:] == [
        '| 1/16 | baseline | 2 | 32.0 ± 2.8 |  | 32.0 ± 2.8 | 1.0 |',
        '| 1/16 | usrn | 1 | 40.0 | +10.0 | 40.0 | 1.0 |',
    ]
    assert summary([]) == 'Not run yet.\n'


def test_what_was_not_measured_stays_blank(work_dir):
    from experiments.records import result_rows
    from experiments.report import summary, write_results

    for path in work_dir.glob('*/*/record.json'):
        record = json.loads(path.read_text())
        record.update(cpu_seconds=None, peak_memory_mb=None)
        del record['tested']['best']
        path.write_text(json.dumps(record))
    write_results(work_dir)
    lines = (work_dir / 'results.md').read_text().splitlines()
    row = next(line for line in lines if line.startswith('| 1/16 | usrn |'))
    assert row.endswith(
        '| 40.0 | +10.0 |  |  | 40.0 |  | 2 |  | 2.0 |  | 100 |'
    )
    head, _, *rows = summary(result_rows(work_dir)).splitlines()
    assert head.endswith('| rare classes |')
    assert rows[1] == '| 1/16 | usrn | 1 | 40.0 | +10.0 | 40.0 |'


def test_ablations_alone(tmp_path):
    from experiments.records import result_rows
    from experiments.report import summary, write_results

    add_run(tmp_path, 'usrn_gate_never', 0, 38.0)
    write_results(tmp_path)
    assert 'usrn_gate_never' in (tmp_path / 'results.md').read_text()
    assert summary(result_rows(tmp_path)) == 'Not run yet.\n'


def test_a_contender_that_was_given_up_comes_last(work_dir):
    from experiments.report import write_results

    add_run(work_dir, 'a_former_idea', 0, 39.0)
    write_results(work_dir)
    lines = (work_dir / 'results.md').read_text().splitlines()
    names = [line.split(' | ')[1] for line in lines if '| 0 |' in line]
    assert names[-1] == 'a_former_idea'


def test_newest_checkpoint(tmp_path):
    from experiments.records import find_checkpoint, iteration_of

    for name in ('iter_250', 'iter_1000', 'best_mIoU_iter_750'):
        (tmp_path / f'{name}.pth').touch()
    assert iteration_of(find_checkpoint(tmp_path, 'last')) == 1000
    assert iteration_of(find_checkpoint(tmp_path, 'best')) == 750
