"""Training and testing of runs, each step as a process of its own."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Lock

from .grids import CONFIG, CONTENDERS, Run
from .results import KEY, add_results, read_results

ROOT = Path(__file__).resolve().parents[1]

DATA_DIR = Path(os.environ.get('USRN_DATA', '../shared/data'))
"""Folder of the data sets and weights, unless another one is named."""


class StepError(RuntimeError):
    """A training or test that did not succeed."""


class Laboratory:
    """Does what is left of runs, in a folder that keeps what is done.

    Args:
        work_dir: Folder of ``results.csv`` and of a folder for every run.
        data_dir: Folder of the data sets and weights.
        deadline: ``time.monotonic()`` at which everything stops.
        options: Further settings of all runs, as ``key=value``.
    """

    def __init__(
        self,
        work_dir: Path,
        data_dir: Path,
        deadline: float = float('inf'),
        options: tuple[str, ...] = (),
    ) -> None:
        self.work_dir = work_dir
        self.data_dir = data_dir
        self.deadline = deadline
        self.options = options
        self.results = work_dir / 'results.csv'
        self.stopped = Event()
        self.lock_file = None
        self._writing = Lock()
        self._locks: dict[str, Lock] = {}

    def is_done(self, run: Run) -> bool:
        """Whether there is a row of this run."""
        key = [str(getattr(run, column)) for column in KEY]
        rows = read_results(self.results)
        return any([row[column] for column in KEY] == key for row in rows)

    def attempt(self, run: Run) -> bool:
        """Do what is left of a run, and say what went wrong.

        Args:
            run: The run.

        Returns:
            Whether it is done.
        """
        try:
            self.finish(run)
        except StepError as error:
            print(f'{run.name}: {error}', flush=True)
            return False
        return True

    def finish(self, run: Run) -> None:
        """Train and test a run, and before it the one that it builds on.

        Args:
            run: The run.

        Raises:
            StepError: If a step fails or the time is over.
        """
        with self._locks.setdefault(run.name, Lock()):
            if self.is_done(run):
                return
            if run.needs:
                self.finish(run.needs)
            if self.stopped.is_set():
                raise StepError('not done, the time is over')
            print(f'{time.strftime("%H:%M:%S")} {run.name}', flush=True)
            self._folder(run).mkdir(parents=True, exist_ok=True)
            self.train(run)
            row = self.test(run)
            with self._writing:
                add_results([row], self.results)

    def train(self, run: Run) -> None:
        """Start or resume the training of a run, unless it is over.

        Args:
            run: The run.

        Raises:
            StepError: If it fails.
        """
        folder = self._folder(run)
        log = folder / 'train.log'
        if (folder / 'trained').exists():
            return
        arguments = [*CONTENDERS[run.contender].arguments]
        if run.needs:
            arguments += ['--feature-checkpoint', self.checkpoint(run.needs)]
        command = ['tools/train.py', CONFIG, '--resume']
        command += ['--work-dir', folder, *arguments]
        command += ['--cfg-options', *run.options, *self.options]
        status, seconds = self.step(run, command, log)
        with (folder / 'cpu_seconds.txt').open('a') as file:
            file.write(f'{seconds}\n')
        if status:
            raise StepError(f'training stopped, see {log}: {last_line(log)}')
        (folder / 'trained').touch()

    def test(self, run: Run) -> dict:
        """Test the last checkpoint on `test`.

        Args:
            run: The run.

        Returns:
            The row of the results.

        Raises:
            StepError: If there is no checkpoint or the test fails.
        """
        folder = self._folder(run)
        checkpoint, log = self.checkpoint(run), folder / 'test.log'
        log.unlink(missing_ok=True)
        # The config that was trained, as MMEngine has written it.
        command = ['tools/test.py', folder / Path(CONFIG).name, checkpoint]
        command += ['--work-dir', folder / 'test']
        if self.step(run, command, log)[0]:
            raise StepError(f'test stopped, see {log}: {last_line(log)}')
        mean_iou, by_class = read_iou(log.read_text())
        seconds = (folder / 'cpu_seconds.txt').read_text().split()
        return {
            **{column: getattr(run, column) for column in KEY},
            'date': time.strftime('%Y-%m-%d'),
            'commit': commit(),
            'iterations': checkpoint.stem.removeprefix('iter_'),
            'cpu_minutes': round(sum(map(float, seconds)) / 60, 1),
            'mIoU': mean_iou,
            'mIoU_val': read_iou((folder / 'train.log').read_text())[0],
            **by_class,
            'command': self._command(run),
        }

    def step(self, run: Run, command: list, log: Path) -> tuple[int, float]:
        """Run a tool with one thread until it ends or the time is over.

        Args:
            run: Its words stand in the environment of the tool.
            command: The tool and its arguments, in the project's folder.
            log: File that the output is appended to.

        Returns:
            Exit status and CPU seconds.
        """
        with log.open('a') as output:
            process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                cwd=ROOT,
                env=self._environment(run),
                stdout=output,
                stderr=subprocess.STDOUT,
                # Held by the tool, too, should it outlive this process.
                pass_fds=[self.lock_file.fileno()] if self.lock_file else (),
            )
        pid, terminated = 0, False
        while not pid:
            time.sleep(0.2)
            if time.monotonic() > self.deadline:
                self.stopped.set()
            if self.stopped.is_set() and not terminated:
                os.kill(process.pid, signal.SIGTERM)
                terminated = True
            # Not by Popen, which drops the CPU time.
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, round(usage.ru_utime + usage.ru_stime, 1)

    def _environment(self, run: Run) -> dict[str, str]:
        # This checkout's package, wherever another one is installed.
        path = os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])
        return {
            **os.environ,
            **run.environment,
            'USRN_DATA': str(self.data_dir),
            'OMP_NUM_THREADS': '1',
            'PYTHONPATH': path,
        }

    def _folder(self, run: Run) -> Path:
        return self.work_dir / run.protocol / run.name

    def checkpoint(self, run: Run) -> Path:
        """The last checkpoint of a run that is trained.

        Raises:
            StepError: If there is none.
        """
        folder = self._folder(run)
        for path in folder.glob('iter_*.pth'):
            return path  # the config keeps one
        raise StepError(
            f'there is no checkpoint in {folder} any more; remove that '
            f'folder and the row of {run.name} in {self.results}'
        )

    def _command(self, run: Run) -> str:
        """What repeats a run."""
        words = ['python', '-m', 'experiments.run', run.protocol]
        words += ['--only', run.name]
        if self.options:
            words += ['--cfg-options', *self.options]
        return shlex.join(words)


def last_line(log: Path) -> str:
    """What a tool has said last: its error, or why it stopped."""
    return log.read_text().rstrip().rpartition('\n')[2]


def read_iou(log: str) -> tuple[float, dict[str, float]]:
    """IoU in percent, as MMSegmentation's ``IoUMetric`` prints it.

    Args:
        log: Output of a training or test.

    Returns:
        The last mean and, by ``IoU.<class>``, the last table.
    """
    means = re.findall(r'mIoU: ([\d.]+)', log)
    table = re.findall(r'\| +(\S.*?) +\| +([\d.]+|nan) +\|', log)
    classes = {f'IoU.{name}': float(value) for name, value in table}
    return float(means[-1]), classes


def commit() -> str:
    """The commit of this checkout; blank where git does not know it."""
    found = subprocess.run(
        ['git', 'describe', '--always', '--dirty', '--exclude=*'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip()
