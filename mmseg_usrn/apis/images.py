"""Images of files, folders and patterns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    find_files,
    strip_suffix,
)


@dataclass(frozen=True)
class Image:
    """An image to predict.

    Attributes:
        path: The file.
        name: Path of its outputs below their folder, without suffix.
    """

    path: Path
    name: str


def find_images(
    inputs: Sequence[str], results: Iterable[Path] = ()
) -> list[Image]:
    """Images of files, folders and patterns.

    Args:
        inputs: Paths; folders are searched as data sets search them, with
            all below them, links included and hidden files left out.
        results: Folders that the caller writes; what is in them is left out.

    Returns:
        The images, sorted by name.

    Raises:
        ValueError: If there is no image, or two outputs had the same name.
    """
    own = [folder.resolve() for folder in results]
    found: dict[str, Path] = {}
    for entry in inputs:
        for path in [Path(p) for p in glob(entry)] or [Path(entry)]:
            for name, file in _images_of(path):
                real = file.resolve()
                if any(real.is_relative_to(folder) for folder in own):
                    continue
                other = found.setdefault(name, file)
                if other.resolve() != real:
                    raise ValueError(
                        f'{other} and {file} would have the same output '
                        f'{name}.png: predict them one after the other, with '
                        'another --out'
                    )
    if not found:
        raise ValueError(
            f'there is no image in {", ".join(inputs)}; the suffixes are '
            f'{", ".join(IMAGE_SUFFIXES)}, and hidden files and own results '
            'do not count'
        )
    return [Image(found[name], name) for name in sorted(found)]


def _images_of(path: Path) -> list[tuple[str, Path]]:
    """Names and files of a folder, or of a file if it is an image."""
    if not path.exists():
        raise ValueError(f'there is no file or folder {path}')
    if not path.is_dir():
        name = strip_suffix(path.name, IMAGE_SUFFIXES)
        return [(name, path)] if name else []
    try:
        files = find_files(str(path), IMAGE_SUFFIXES)
    except ValueError:  # it has none, other inputs may have some
        return []
    return [(stem, Path(p)) for stem, paths in files.items() for p in paths]
