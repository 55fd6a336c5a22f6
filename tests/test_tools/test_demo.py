"""The demo: reading the results, and one short run of everything."""

import sys
from pathlib import Path

import pytest
from rich.console import Console

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
CONFIG = TOOLS.parent / 'configs' / 'usrn' / 'demo.py'
CLASSES = ('background', 'path', 'pond', 'bush', 'crate', 'stone')


@pytest.fixture(scope='module')
def demo():
    sys.path.insert(0, str(TOOLS))
    try:
        import demo
    finally:
        sys.path.remove(str(TOOLS))
    return demo


@pytest.fixture
def display(demo, tmp_path):
    with (tmp_path / 'shown.txt').open('w+') as file:
        yield demo.Display(Console(file=file))


def iou_table(classes) -> str:
    rows = [
        f'| {name:>10} | {i}.5 |  nan  |' for i, name in enumerate(classes)
    ]
    return '+---+\n|   Class    |  IoU  |  Acc  |\n' + '\n'.join(rows)


def test_read_class_iou(demo):
    iou = demo.read_class_iou('log\n' + iou_table(CLASSES))
    assert list(iou) == list(CLASSES)
    assert list(iou.values()) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert demo.mean_iou(iou) == 3.0


def test_read_class_iou_without_a_class(demo):
    with pytest.raises(ValueError, match=CLASSES[-1]):
        demo.read_class_iou(iou_table(CLASSES[:-1]))


def test_step_returns_and_keeps_the_output(demo, display, tmp_path):
    log = tmp_path / 'logs' / 'step.txt'
    code = 'print("Iter(train) [ 20/40]  lr: 1e-2  loss: 1.25"); print("end")'
    output = display.run('step', [sys.executable, '-c', code], log)
    assert output == log.read_text()
    assert output.endswith('end\n')
    display.console.file.seek(0)
    assert 'step: done in' in display.console.file.read()


def test_progress_is_read_from_the_log(demo, display):
    task = display.progress.add_task('step', total=None, note='')
    line = 'Iter(train) [ 20/60]  lr: 1.0e-2  eta: 0:01:00  loss: 1.256  x: 2'
    display._follow(task, line, seconds=10)
    step = display.progress.tasks[task]
    assert (step.completed, step.total) == (20, 60)
    assert step.fields['note'] == '20/60  loss 1.26  about 20 s left'


def test_failing_step_ends_the_demo(demo, display, tmp_path):
    log = tmp_path / 'step.txt'
    code = 'print("the reason"); raise SystemExit(3)'
    with pytest.raises(SystemExit, match=f'step failed.*{log}'):
        display.run('step', [sys.executable, '-c', code], log)
    display.console.file.seek(0)
    assert 'the reason' in display.console.file.read()


def test_seed_table(demo):
    def run(baseline, usrn):
        return {
            'baseline': dict.fromkeys(CLASSES, baseline),
            'USRN': dict.fromkeys(CLASSES, usrn),
        }

    table = demo.seed_table({0: run(40.0, 50.0), 1: run(42.0, 56.0)})
    columns = [list(column.cells) for column in table.columns]
    assert columns == [
        ['0', '1', 'mean', 'std'],
        ['40.0', '42.0', '41.0', '1.4'],
        ['50.0', '56.0', '53.0', '4.2'],
        ['10.0', '14.0', '12.0', '2.8'],
    ]


@pytest.mark.slow
def test_short_demo(demo, display, tmp_path, monkeypatch):
    """Thirty iterations of both models, tested and drawn."""
    monkeypatch.chdir(tmp_path)
    short = (
        'max_iters = 30\n'
        'train_cfg = dict(max_iters=max_iters, val_interval=max_iters)\n'
        'param_scheduler = [dict(type="PolyLR", end=max_iters,'
        ' by_epoch=False)]\n'
        'default_hooks = dict(checkpoint=dict(interval=max_iters),\n'
        '                     logger=dict(interval=10))\n'
    )
    config = tmp_path / 'demo.py'
    config.write_text(
        f"_base_ = '{CONFIG}'\n{short}"
        'custom_hooks = [dict(type="SubclassReclusterHook",'
        ' warmup_iters=10, interval=10, num_workers=0)]\n'
    )
    monkeypatch.setattr(demo, 'CONFIG', config)
    demo.make_demo_data('data/demo')
    results = {0: demo.train_and_test(display, 0, tmp_path / 'work/seed0')}
    log = (tmp_path / 'work/seed0/usrn/train_output.txt').read_text()
    assert log.count('clustering 8 labeled images') == 2
    assert set(results[0]) == {'baseline', 'USRN'}
    pictures = demo.save_pictures(tmp_path / 'work', 0, results)
    assert [path.name for path in pictures] == [
        'demo.png',
        'pseudo_labels.png',
        'class_balance.png',
    ]
    assert all(path.stat().st_size > 10_000 for path in pictures)
