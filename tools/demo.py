"""The main job on generated images, on two processes.

    python tools/demo.py --seeds 0 1 2

Makes the images, trains the supervised baseline and USRN one after the other
under the same budget, tests both, and reports the IoU of every class and a
picture. Every run starts over; only the images are kept. A single GPU has one
process.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import torch
from demo_images import CLASSES, NUM_IMAGES, NUM_LABELED, make_demo_data
from demo_pictures import save_pictures
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

TOOLS = Path(__file__).resolve().parent
CONFIG = TOOLS.parent / 'configs/usrn/demo.py'
MODELS = {'baseline': ['--baseline'], 'USRN': []}  # arguments of train.py
ITERATION = re.compile(
    r'Iter\((?:train|test)\)\s*\[\s*(\d+)/(\d+)\](?:.*?\bloss: ([\d.]+))?'
)
CLASS_ROW = re.compile(r'\|\s*(\w+)\s*\|\s*([\d.]+|nan)\s*\|\s*[\d.nan]+\s*\|')
PROCESSES = min(2, torch.cuda.device_count() or 2)
PLAIN_INTERVAL = 5  # seconds between progress lines when not on a terminal


class Display:
    """One line of progress per step.

    A bar on a terminal; elsewhere a plain line every few seconds.

    Args:
        console: Where to write.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn('{task.description:<24}'),
            BarColumn(bar_width=30),
            TextColumn('{task.fields[note]}'),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def run(self, name: str, command: list, log: Path) -> str:
        """Run a command, follow its log, and return its output.

        Args:
            name: What to call the step.
            command: The command and its arguments.
            log: File that the output is written to.

        Raises:
            SystemExit: If the command fails; its last lines are shown.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        task = self.progress.add_task(name, total=None, note='starting')
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started, ended = time.monotonic(), Event()
        Thread(target=self._talk, args=(task, ended), daemon=True).start()
        lines = []
        with log.open('w') as file:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                lines.append(line)
                self._follow(task, line, time.monotonic() - started)
        ended.set()
        if process.wait():
            self.progress.stop()
            self.console.print(''.join(lines[-15:]), markup=False)
            sys.exit(f'demo: {name} failed; the whole log: {log}')
        seconds = time.monotonic() - started
        self.progress.update(task, total=1, completed=1, note='done')
        if not self.console.is_terminal:
            self.console.print(f'{name}: done in {seconds:.0f} s')
        return ''.join(lines)

    def _talk(self, task: TaskID, ended: Event) -> None:
        """Print where the step is until it ends, unless there is a bar."""
        while not self.console.is_terminal and not ended.wait(PLAIN_INTERVAL):
            step = self.progress.tasks[task]
            self.console.print(f'{step.description}: {step.fields["note"]}')

    def _follow(self, task: TaskID, line: str, seconds: float) -> None:
        if match := ITERATION.search(line):
            done, total = int(match[1]), int(match[2])
            note = f'{done}/{total}'
            if match[3]:
                note += f'  loss {float(match[3]):.2f}'
            left = seconds / done * (total - done)
            note += f'  about {left:.0f} s left' if done < total else ''
            self.progress.update(task, completed=done, total=total, note=note)
        elif 'clustering' in line and 'labeled images' in line:
            self.progress.update(task, note='clustering into subclasses')


def train_and_test(
    display: Display, seed: int, work_dir: Path
) -> dict[str, dict[str, float]]:
    """Train and test both models.

    Args:
        display: Shows the progress.
        seed: Seed of both trainings.
        work_dir: Folder for logs, checkpoints and predictions.

    Returns:
        IoU in percent by class name, by model name.
    """
    results = {}
    for name, arguments in MODELS.items():
        folder = work_dir / name.lower()
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier demo
        display.run(
            f'train {name} (seed {seed})',
            [
                'bash', TOOLS / 'dist_train.sh', CONFIG, PROCESSES, *arguments,
                '--work-dir', folder,
                '--cfg-options', f'randomness.seed={seed}',
            ],
            folder / 'train_output.txt',
        )  # fmt: skip
        checkpoint = folder / (folder / 'last_checkpoint').read_text()
        output = display.run(
            f'test {name} (seed {seed})',
            [
                sys.executable, TOOLS / 'test.py', CONFIG, checkpoint,
                '--work-dir', folder / 'test',
                '--out', folder / 'predictions',
            ],
            folder / 'test_output.txt',
        )  # fmt: skip
        results[name] = read_class_iou(output)
    return results


def read_class_iou(output: str) -> dict[str, float]:
    """IoU of every class from the table that ``tools/test.py`` prints.

    Args:
        output: What the tool printed.

    Returns:
        Percent by class name.

    Raises:
        ValueError: If the table is not there.
    """
    found = {name: float(iou) for name, iou in CLASS_ROW.findall(output)}
    if missing := set(CLASSES) - set(found):
        raise ValueError(f'the test printed no IoU of {sorted(missing)}')
    return {name: found[name] for name in CLASSES}


def mean_iou(iou: dict[str, float]) -> float:
    """Mean over the classes."""
    return statistics.fmean(iou.values())


def class_table(results: dict[int, dict[str, dict[str, float]]]) -> Table:
    """IoU of every class and mIoU, averaged over the seeds.

    Args:
        results: IoU by class, by model, by seed.
    """
    seeds = ', '.join(map(str, results))
    table = Table(
        title=f'IoU in % on {NUM_IMAGES["test"]} test images (seed {seeds})'
    )
    table.add_column('class')
    for column in (*MODELS, 'difference'):
        table.add_column(column, justify='right')
    for name in (*CLASSES, 'mIoU'):
        means = [
            statistics.fmean(
                mean_iou(run[model]) if name == 'mIoU' else run[model][name]
                for run in results.values()
            )
            for model in MODELS
        ]
        if name == 'mIoU':
            table.add_section()
        cells = [f'{value:.1f}' for value in means]
        table.add_row(name, *cells, f'{means[1] - means[0]:+.1f}')
    return table


def seed_table(results: dict[int, dict[str, dict[str, float]]]) -> Table:
    """The mIoU of every seed, their mean and standard deviation.

    Args:
        results: IoU by class, by model, by seed; at least two seeds.
    """
    table = Table(title='mIoU in %, by seed')
    table.add_column('seed')
    columns = {
        model: [mean_iou(run[model]) for run in results.values()]
        for model in MODELS
    }
    first, second = columns.values()
    columns['difference'] = [b - a for a, b in zip(first, second, strict=True)]
    for name in columns:
        table.add_column(name, justify='right')
    for row, seed in enumerate(results):
        table.add_row(
            str(seed), *[f'{values[row]:.1f}' for values in columns.values()]
        )
    table.add_section()
    for name, function in (
        ('mean', statistics.fmean),
        ('std', statistics.stdev),
    ):
        table.add_row(name, *[f'{function(v):.1f}' for v in columns.values()])
    return table


def parse_args() -> argparse.Namespace:
    """Arguments of the demo."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--seeds',
        type=int,
        nargs='+',
        default=[0],
        help='train both models once per seed (default: 0)',
    )
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/demo')
    )
    return parser.parse_args()


def main() -> None:
    """Run everything and report."""
    args = parse_args()
    started = time.monotonic()
    console = Console(highlight=False)
    data_root = make_demo_data('data/demo')
    unlabeled = NUM_IMAGES['train'] - NUM_LABELED
    console.print(
        f'{NUM_LABELED} labeled and {unlabeled} unlabeled images in '
        f'{data_root}; logs in {args.work_dir}'
    )
    display = Display(console)
    with display.progress:
        results = {
            seed: train_and_test(display, seed, args.work_dir / f'seed{seed}')
            for seed in args.seeds
        }
    pictures = save_pictures(args.work_dir, args.seeds[0], results)
    (args.work_dir / 'results.json').write_text(json.dumps(results, indent=1))
    console.print(class_table(results))
    if len(results) > 1:
        console.print(seed_table(results))
    minutes = (time.monotonic() - started) / 60
    console.print(f'{minutes:.1f} minutes. Pictures:')
    for path in pictures:
        console.print(f'  {path}')


if __name__ == '__main__':
    main()
