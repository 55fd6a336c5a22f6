"""What a run leaves in its folder, and how it is read."""

import json
import os
from pathlib import Path

from .grids import RARE_CLASSES

RECORD = 'record.json'
CHECKPOINTS = ('last', 'best')
"""After the last iteration; with the highest mIoU on `val`."""


def read_record(folder: Path) -> dict:
    """The notes of :mod:`run` on a run; empty if it has not begun."""
    path = folder / RECORD
    return json.loads(path.read_text()) if path.is_file() else {}


def write_record(folder: Path, record: dict) -> None:
    """Replace the notes at once, so that no reader sees half of them."""
    write_text(folder / RECORD, json.dumps(record, indent=2) + '\n')


def write_text(path: Path, text: str) -> None:
    """Write a file that others may be reading."""
    temporary = path.with_name(f'{path.name}.{os.getpid()}')
    temporary.write_text(text)
    temporary.replace(path)


def find_checkpoint(folder: Path, kind: str) -> Path | None:
    """Checkpoint of a training.

    Args:
        folder: Work dir of the training.
        kind: One of :data:`CHECKPOINTS`.

    Returns:
        Its path, None if there is none.
    """
    if kind == 'best':
        found = folder.glob('best_mIoU_iter_*.pth')
    else:
        found = folder.glob('iter_*.pth')
    return max(found, key=iteration_of, default=None)


def iteration_of(checkpoint: Path) -> int:
    """Iteration in the name that MMEngine gives a checkpoint."""
    return int(checkpoint.stem.rpartition('_')[2])


def read_scalars(folder: Path) -> list[dict]:
    """All entries of MMEngine's ``scalars.json``, oldest first.

    A resumed run has one file per start.

    Args:
        folder: Work dir of the training.
    """
    files = sorted(folder.glob('*/vis_data/scalars.json'))
    lines = [line for path in files for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def read_test(folder: Path, kind: str) -> dict | None:
    """Metrics that ``tools/test.py`` wrote, None if there are none.

    Args:
        folder: Work dir of the training.
        kind: One of :data:`CHECKPOINTS`.
    """
    for path in sorted((folder / f'test_{kind}').glob('*/*.json')):
        metrics = json.loads(path.read_text())
        if 'mIoU' in metrics:
            return metrics
    return None


def result_rows(work_dir: Path) -> list[dict]:
    """Results of all finished runs, a row per checkpoint.

    Args:
        work_dir: Folder of a protocol, as :mod:`run` fills it.
    """
    rows = []
    for path in sorted(work_dir.glob(f'*/*/{RECORD}')):
        record = read_record(path.parent)
        for kind in CHECKPOINTS:
            if kind in record.get('tested', {}):
                rows.append(_row(path.parent, record, kind, work_dir))
    return rows


def _row(folder: Path, record: dict, kind: str, work_dir: Path) -> dict:
    metrics = record['tested'][kind]
    iou = {k: v for k, v in metrics.items() if k.startswith('IoU.')}
    rare = [iou[f'IoU.{name}'] for name in RARE_CLASSES]
    scalars = read_scalars(folder)
    gpu = max((entry.get('memory', 0) for entry in scalars), default=0)
    cpu = record['cpu_seconds']  # None where it was not measured
    return {
        'contender': record['contender'],
        'fraction': record['fraction'],
        'seed': record['seed'],
        'checkpoint': kind,
        'iteration': metrics['iteration'],
        'mIoU': round(metrics['mIoU'], 2),
        'mIoU_rare': round(sum(rare) / len(rare), 2),
        'aAcc': round(metrics['aAcc'], 2),
        **iou,
        'wall_minutes': round(record['wall_seconds'] / 60, 1),
        'cpu_minutes': cpu and round(cpu / 60, 1),
        'peak_memory_mb': record['peak_memory_mb'],
        'peak_gpu_memory_mb': gpu,
        'log': str((folder / 'train.log').relative_to(work_dir)),
        'command': record['command'],
    }
