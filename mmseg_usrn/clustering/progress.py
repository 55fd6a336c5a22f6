"""A progress bar for clusterings that take longer than a few seconds."""

import sys
import time
from typing import TextIO

PATIENCE = 3.0  # seconds before the bar appears
WIDTH = 24


class Progress:
    """Shows how far a clustering is, on a terminal only.

    Args:
        total: Number of steps.
        visible: Whether this process shows anything, False on all ranks
            but the first.
        stream: Where to write; standard error by default.
    """

    def __init__(
        self, total: int, visible: bool = True, stream: TextIO | None = None
    ) -> None:
        self.total = total
        self.stream = sys.stderr if stream is None else stream
        self.visible = visible and self.stream.isatty()
        self.start = time.monotonic()
        self.shown = False

    def update(self, done: int, text: str) -> None:
        """Draw the bar anew.

        Args:
            done: Steps done.
            text: What comes next, a few words.
        """
        seconds = time.monotonic() - self.start
        if not self.visible or seconds < PATIENCE:
            return
        filled = round(WIDTH * min(1.0, done / self.total))
        bar = '#' * filled + '.' * (WIDTH - filled)
        line = f'clustering [{bar}] {seconds:.0f} s, {text}'
        self.stream.write(f'\r{line:<78}')
        self.stream.flush()
        self.shown = True

    def close(self) -> None:
        """End the line of the bar, if one was drawn."""
        if self.shown:
            self.stream.write('\n')
            self.stream.flush()
