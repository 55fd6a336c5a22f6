"""What a run has left in its work dir."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from mmseg_usrn.apis.scalars import read_scalars, scalar_files
from mmseg_usrn.config_file import read_config
from mmseg_usrn.engine.work_dir import folders_of, is_whole, latest_checkpoint

_ENVIRONMENT = re.compile(r'System environment:\s*\n(.*?)\n-{20,}', re.DOTALL)

Series = dict[str, tuple[list[int], list[float]]]
"""Iterations and values of everything that is logged, by name."""


@dataclass(frozen=True)
class RunRecord:
    """A run, as its work dir tells it.

    Attributes:
        folder: The work dir.
        config: The newest config that it has trained with, merged.
        checkpoint: Its best checkpoint, else its newest one.
        series: What is logged.
        environment: What the log says of machine and versions.
    """

    folder: Path
    config: Config
    checkpoint: Path
    series: Series = field(default_factory=dict)
    environment: str = ''


def read_run(folder: str | Path) -> RunRecord:
    """Read a work dir.

    Args:
        folder: The work dir of a run that has written a checkpoint.

    Returns:
        The run.

    Raises:
        ValueError: If it is no work dir, or has no whole checkpoint.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'there is no work dir {folder}')
    configs = sorted(folder.glob('*/vis_data/config.py'))
    if not configs:
        raise ValueError(
            f'{folder} is not the work dir of a training: there is no '
            'vis_data/config.py in a folder of it'
        )
    # Tests and refused runs leave configs, too, but log no iteration.
    trained = [p for p in configs if p.with_name('scalars.json').is_file()]
    config = read_config(trained[-1] if trained else configs[0])
    config.work_dir = str(folder)  # it may have moved
    folders = folders_of(config)
    checkpoint = best_checkpoint(*folders) or latest_checkpoint(*folders)
    if checkpoint is None:
        raise ValueError(f'there is no checkpoint in {folder} yet')
    logs = sorted(folder.glob('*/*.log'))
    return RunRecord(
        folder,
        config,
        checkpoint,
        read_series(scalar_files(folder)),
        _environment(logs),
    )


def best_checkpoint(*folders: Path) -> Path | None:
    """The newest whole checkpoint that the run has called its best."""
    found = [path for folder in folders for path in folder.glob('best_*.pth')]
    found.sort(key=lambda path: path.stat().st_mtime)
    return next((path for path in reversed(found) if is_whole(path)), None)


def read_series(files: list[Path]) -> Series:
    """Everything that is logged, of a run and its continuations.

    Args:
        files: Logs of MMEngine, the oldest first. What a later one logs again
            replaces what the earlier ones have from there on.

    Returns:
        Iterations, ascending, and values by name.
    """
    rows: list[dict] = []
    for file in files:
        new = read_scalars(file)
        if new:
            first = min(row['step'] for row in new)
            rows = [row for row in rows if row['step'] < first] + new
    series: Series = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int | float) and name != 'step':
                steps, values = series.setdefault(name, ([], []))
                steps.append(row['step'])
                values.append(value)
    return series


def _environment(logs: list[Path]) -> str:
    """The log's lines on the machine, of the newest log that has them."""
    for log in reversed(logs):
        match = _ENVIRONMENT.search(log.read_text(errors='replace'))
        if match:
            return match[1].rstrip()
    return ''
