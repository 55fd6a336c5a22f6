"""Mistakes of users, each of which must end in one clear sentence.

    python -m tests.trust.wrong_inputs               # all
    python -m tests.trust.wrong_inputs files         # those of a kind

Each is put into a small training that is right otherwise, and the real tool
is started with it. It must end by itself, with an exit code that says so, no
traceback, and a sentence that names what is wrong.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mmengine.config import Config

from tests.toy import toy_config, write_toy_images
from tests.trust.processes import TOOLS, end_of, start_tool
from tests.trust.table import Group, Row, run_groups
from tests.trust.wrong_commands import COMMANDS
from tests.trust.wrong_files import FILES
from tests.trust.wrong_input import Case
from tests.trust.wrong_launches import LAUNCHES
from tests.trust.wrong_parts import PARTS
from tests.trust.wrong_settings import SETTINGS

KINDS = dict(
    launches=LAUNCHES,
    settings=SETTINGS,
    parts=PARTS,
    files=FILES,
    commands=COMMANDS,
)
AT_ONCE = 20
"""Cases that are run in one process."""

SAID = re.compile(
    r'(^|: )error: |^usage: .*\.sh|\.sh: (.* must be |there is )'
)
"""How a tool begins to say what is wrong."""

MAX_LINES = 12
TIMEOUT = 60  # seconds


def groups(kinds: tuple[str, ...] = tuple(KINDS)) -> Iterator[Group]:
    """All mistakes, some at a time."""
    for kind in kinds:
        for start in range(0, len(KINDS[kind]), AT_ONCE):
            yield Group(
                f'wrong {kind} from {start}', partial(_rows, kind, start)
            )


def _rows(kind: str, start: int, folder: Path) -> Iterator[Row]:
    import_tools()
    for number, case in enumerate(KINDS[kind][start : start + AT_ONCE]):
        place = folder / str(number)
        place.mkdir()
        yield Row(case.name, case.expected, seen(case, place))


def import_tools() -> None:
    """Import what the tools need, so that their forks need not."""
    import mmseg_usrn.data_check  # noqa: F401
    import mmseg_usrn.engine.dry_run
    import mmseg_usrn.engine.safe_runner  # noqa: F401


def seen(case: Case, folder: Path) -> str:
    """Make a mistake and see what comes of it.

    Args:
        case: The mistake.
        folder: An empty folder.

    Returns:
        The expected words if they are in a clean refusal, else what was
        seen instead.
    """
    write_toy_images(folder / 'toy')
    cfg = toy_config(Path('toy'), Path('work'))
    cfg.val_dataloader.dataset.data_root = 'toy'
    good = deepcopy(cfg)
    for key, value in case.settings.items():
        set_at(cfg, key, value)
    if case.change:
        case.change(cfg)
    write_config(good, folder / 'good.py')
    write_config(cfg, folder / 'toy.py')
    if case.damage:
        case.damage(folder)
    log = folder / 'log.txt'
    try:
        if case.tool.endswith('.sh'):
            code = run_script(case, folder, log)
        else:
            code = end_of(
                start_tool(
                    case.tool,
                    *case.command(),
                    log=log,
                    cwd=folder,
                    before=_prepare,
                ),
                TIMEOUT,
            )
    except (TimeoutError, subprocess.TimeoutExpired):
        return f'hangs: {log.read_text()[-500:]}'
    return verdict(case.expected, code, log.read_text())


def run_script(case: Case, folder: Path, log: Path) -> int:
    """Run a script of ``tools``, as a user does.

    Args:
        case: The mistake.
        folder: Where it runs.
        log: Where its output goes.

    Returns:
        The exit code.
    """
    with log.open('w') as output:
        return subprocess.run(
            ['bash', TOOLS / case.tool, *case.command()],
            cwd=folder,
            env={**os.environ, 'PYTHON': sys.executable},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=2 * TIMEOUT,
        ).returncode


def set_at(cfg: Config, key: str, value: Any) -> None:
    """Set what stands at dotted keys, in place."""
    *path, last = [int(k) if k.isdigit() else k for k in key.split('.')]
    node = cfg
    for name in path:
        node = node[name]
    node[last] = deepcopy(value)


def verdict(expected: str, code: int, output: str) -> str:
    """The expected words if a tool has ended well, else how it has ended.

    Args:
        expected: Words of the sentence.
        code: Exit code of the tool.
        output: What it has printed.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    if code == 0:
        return 'passes silently: ' + ' / '.join(lines[-3:])
    if 'Traceback' in output or code < 0 or not lines:
        return f'traceback, exit code {code}: ' + ' / '.join(lines[-4:])
    said = [i for i, line in enumerate(lines) if SAID.search(line)]
    if len(said) != 1:
        return f'{len(said)} errors: ' + ' / '.join(lines[-5:])
    message = lines[said[0] :]
    if len(message) > MAX_LINES and 'data cannot be' not in message[0]:
        return f'{len(message)} lines: ' + ' / '.join(lines[-5:])
    text = re.sub(r'\s+', ' ', re.sub(r'\|', ' ', ' '.join(message)))
    if expected not in text:
        return f'another sentence: {text[:400]}'
    return expected


def write_config(cfg: Config, path: Path) -> None:
    """Write a config without laying its text out, which takes a while."""
    text = [f'{key} = {plain(value)!r}' for key, value in cfg.items()]
    path.write_text('\n'.join(text) + '\n')


def plain(value: Any) -> Any:
    """A value in Python's own types."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return value


def _prepare() -> None:
    # Of a fork of pytest these are its own.
    sys.stdout = open(1, 'w', closefd=False)  # noqa: SIM115
    sys.stderr = open(2, 'w', closefd=False)  # noqa: SIM115
    # Laying the text of a config out takes a while.
    patch.object(Config, 'pretty_text', property(str)).start()


def main() -> int:
    """Run the kinds that are asked for.

    Returns:
        The exit code: 1 if a mistake is not refused as it should be.
    """
    kinds = tuple(sys.argv[1:]) or tuple(KINDS)
    return int(run_groups(groups(kinds), jobs=2) > 0)


if __name__ == '__main__':
    sys.exit(main())
