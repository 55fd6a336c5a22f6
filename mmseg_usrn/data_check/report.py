"""What the data check found, as a table."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from prettytable import PrettyTable

from mmseg_usrn.datasets.image_files import name_some


def shown(path: str) -> str:
    """A path as short as it can be: relative if it is below this folder."""
    here = os.path.join(os.getcwd(), '')
    return path.removeprefix(here)


@dataclass
class Finding:
    """One fault, with all files that have it.

    Attributes:
        level: ``'error'`` (training must not start) or ``'warning'``.
        part: ``'labeled'``, ``'unlabeled'``, ``'val'`` or ``'config'``.
        problem: What is wrong.
        fix: What to do about it.
        files: The files.
    """

    level: str
    part: str
    problem: str
    fix: str
    files: Sequence[str] = ()

    def named_files(self) -> str:
        """The first files, one a line, and the number of the others."""
        return name_some(map(shown, self.files), 5, '\n', '\n... and')


def error(part: str, problem: str, fix: str, files=()) -> Finding:
    """A fault that training must not start with."""
    return Finding('error', part, problem, fix, list(files))


def warning(part: str, problem: str, fix: str, files=()) -> Finding:
    """Something that is probably not meant."""
    return Finding('warning', part, problem, fix, list(files))


@dataclass
class DataReport:
    """All findings of one check.

    Attributes:
        findings: What is wrong.
        counts: Number of images of every part.
        pixels: Labeled pixels of every class over the labeled part.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    pixels: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        """The faults that training must not start with."""
        return [f for f in self.findings if f.level == 'error']

    @property
    def warnings(self) -> list[Finding]:
        """What is probably not meant."""
        return [f for f in self.findings if f.level == 'warning']

    def summary(self) -> str:
        """One line: numbers of images, errors and warnings."""
        images = ', '.join(f'{n} {part}' for part, n in self.counts.items())
        seen = f'data check: {images} images; ' if images else ''
        return (
            f'{seen}{len(self.errors)} error(s), '
            f'{len(self.warnings)} warning(s)'
        )

    def table(self) -> str:
        """All findings, errors first, and the summary below."""
        if not self.findings:
            return self.summary()
        table = PrettyTable(['', 'part', 'problem', 'files', 'what to do'])
        table.align = 'l'
        table.hrules = 1  # a line between the rows
        table.break_on_hyphens = False  # names of options stay whole
        table.max_width['problem'] = 44
        table.max_width['what to do'] = 48
        for found in self.errors + self.warnings:
            table.add_row(
                [
                    found.level,
                    found.part,
                    found.problem,
                    found.named_files(),
                    found.fix,
                ]
            )
        return f'{table}\n{self.summary()}'

    def raise_on_errors(self) -> None:
        """Refuse data with errors.

        Raises:
            ValueError: If there is an error; the text is the whole table.
        """
        if self.errors:
            raise ValueError(f'the data cannot be trained on\n{self.table()}')
