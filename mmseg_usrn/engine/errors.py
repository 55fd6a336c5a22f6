"""Errors that end a run which was well when it began."""


class NotFiniteError(RuntimeError):
    """A loss, a weight or a feature that is infinite or no number."""
