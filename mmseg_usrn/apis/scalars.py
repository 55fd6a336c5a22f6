"""What a run has logged (``scalars.json``)."""

import json
from pathlib import Path


def scalar_files(work_dir: Path) -> list[Path]:
    """Logs of a run and its continuations, the oldest first."""
    return sorted(work_dir.glob('*/vis_data/scalars.json'))


def read_scalars(file: Path) -> list[dict]:
    """What is logged, iteration by iteration.

    Args:
        file: A log of MMEngine. A run that is killed may leave half a line
            at its end, which is left out.

    Returns:
        Values by name, with the iteration as ``step``.
    """
    rows = map(_row, file.read_text().splitlines())
    return [row for row in rows if 'step' in row]


def _row(line: str) -> dict:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return row if isinstance(row, dict) else {}
