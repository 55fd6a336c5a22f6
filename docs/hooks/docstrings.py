"""Docstrings of the package as Markdown, an extension of griffe."""

import re

import griffe

_ROLE = re.compile(r':[a-z]+:`~?([^`]*)`')
_LITERAL_BLOCK = re.compile(r'::(?=\n\n)')


class MarkdownDocstrings(griffe.Extension):
    """Rewrites each docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Make links of roles, and code blocks of literal blocks."""
        if obj.docstring:
            text = _ROLE.sub(
                lambda role: link(obj, role[1]), obj.docstring.value
            )
            obj.docstring.value = _LITERAL_BLOCK.sub(':', text)


def link(obj: griffe.Object, name: str) -> str:
    """Link from the docstring of an object to what it names, if documented."""
    try:
        path = obj.resolve(name)
    except griffe.NameResolutionError:
        path = name
    short = name.rpartition('.')[2]
    return f'<autoref optional identifier="{path}">`{short}`</autoref>'
