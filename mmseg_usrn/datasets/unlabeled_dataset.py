"""Images without any labels."""

import os.path as osp
from collections.abc import Sequence
from fnmatch import fnmatch

from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from .image_files import (
    IMAGE_SUFFIXES,
    as_list,
    expected,
    find_files,
    locate,
    strip_suffix,
)
from .splits import read_split


@DATASETS.register_module()
class UnlabeledDataset(BaseDataset):
    """Images only: all images of one or more folders, or those of a list.

    There are no masks, and none are looked for. Subfolders are searched, and
    suffixes may be mixed and in any case::

        dict(type='UnlabeledDataset', data_root='data/mine',
             data_prefix=dict(img_path=['trip1', 'trip2']),
             exclude='labeled.txt')

    Args:
        data_prefix: ``img_path`` is a folder or a list of folders.
        ann_file: List file(s): one image a line, with or without suffix,
            relative to the folder(s) or to ``data_root``. The lists of the
            original USRN code (image and mask) are taken too; the mask is
            ignored. Defaults to all images of the folder(s).
        exclude: Images to leave out, usually the labeled ones: list file(s)
            of the same form, folder(s) with images of the same names, or
            pattern(s) of file names such as ``'*_mask.png'``. A name counts
            in every folder of ``img_path``.
        img_suffix: Suffix(es) of the images, in any case.
        data_root: Folder that the other paths are relative to.
        backend_args: Settings of MMEngine's file backend.
        **kwargs: As for MMEngine's ``BaseDataset``.

    Raises:
        ValueError: If a folder or list is missing, an image of a list does
            not exist, or no image is left.
    """

    def __init__(
        self,
        data_prefix: dict | None = None,
        ann_file: str | Sequence[str] = '',
        exclude: str | Sequence[str] = '',
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        data_root: str | None = None,
        backend_args: dict | None = None,
        **kwargs,
    ) -> None:
        self.exclude = exclude
        self.img_suffix = as_list(img_suffix)
        self.backend_args = backend_args
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=dict(data_prefix or {}),
            **kwargs,
        )

    def _join_prefix(self) -> None:
        """Prepend ``data_root`` to every relative path."""

        def join(path: str) -> str:
            return osp.join(self.data_root or '', path)

        self.ann_file = [join(path) for path in as_list(self.ann_file)]
        self.exclude = [
            path if is_pattern(path) else join(path)
            for path in as_list(self.exclude)
        ]
        folders = as_list(self.data_prefix.get('img_path')) or ['']
        self.data_prefix['img_path'] = [join(path) for path in folders]

    def load_data_list(self) -> list[dict]:
        """List the images.

        Returns:
            One dict per image, sorted by folder and path, or in the order of
            the list(s).
        """
        images = self._listed() if self.ann_file else self._in_folders()
        left_out = self._left_out(images)
        if len(left_out) == len(images):
            raise ValueError(
                f'no unlabeled image is left: exclude={self.exclude} names '
                f'all {len(images)} images of '
                f'{self.ann_file or self.data_prefix["img_path"]}'
            )
        return [
            dict(img_path=path, seg_fields=[])
            for path in images
            if path not in left_out
        ]

    def _in_folders(self) -> dict[str, str]:
        """Stems of all images in the folders, by path."""
        return {
            path: stem
            for folder in self.data_prefix['img_path']
            for stem, paths in find_files(
                folder, self.img_suffix, backend_args=self.backend_args
            ).items()
            for path in paths
        }

    def _listed(self) -> dict[str, str]:
        """Stems of the images in the lists, by path."""
        folders = self.data_prefix['img_path']
        stems = [n for p in self.ann_file for n in read_split(p, True)]
        located = locate(stems, folders, self.img_suffix, self.backend_args)
        if not any(located.values()):
            raise ValueError(
                f'none of the {len(stems)} images of {self.ann_file} is in '
                f'{folders}: the first is {stems[0]}, tried with '
                f'{" ".join(self.img_suffix)}'
            )
        # An image that is missing keeps its place, so that the data check
        # can list all of them at once.
        return {
            path: stem
            for stem, paths in located.items()
            for path in paths or [expected(folders[0], stem, self.img_suffix)]
        }

    def _left_out(self, images: dict[str, str]) -> set[str]:
        """Paths of the images to leave out."""
        patterns = [entry for entry in self.exclude if is_pattern(entry)]
        names = {
            name
            for entry in self.exclude
            if entry not in patterns
            for name in self._names_in(entry)
        }
        left_out = find_left_out(images, names, patterns, self.img_suffix)
        if self.exclude and not left_out:
            raise ValueError(
                f'exclude={self.exclude} names {len(names)} images, but none '
                'of them is among the unlabeled images '
                f'({min(names, default=patterns)} against '
                f'{next(iter(images.values()))}); drop exclude if the '
                'labeled images are elsewhere'
            )
        return left_out

    def _names_in(self, path: str) -> list[str]:
        """Names in a list, or stems of the images in a folder."""
        if not fileio.isdir(path, backend_args=self.backend_args):
            return read_split(path, with_suffix=True)
        return list(
            find_files(path, self.img_suffix, backend_args=self.backend_args)
        )


def find_left_out(
    images: dict[str, str],
    names: set[str],
    patterns: Sequence[str] = (),
    suffixes: Sequence[str] = IMAGE_SUFFIXES,
) -> set[str]:
    """Find the images that names and patterns stand for.

    Args:
        images: Stem of every image, by path.
        names: Names below a folder. One with a suffix is that file, if there
            is one; else its stem counts.
        patterns: Patterns of file names.
        suffixes: Suffixes of images.

    Returns:
        Paths of these images.
    """
    exact = names & {_name(path, stem) for path, stem in images.items()}
    stems = {strip_suffix(n, suffixes) or n for n in names - exact}
    return {
        path
        for path, stem in images.items()
        if stem in stems
        or _name(path, stem) in exact
        or any(fnmatch(osp.basename(path), p) for p in patterns)
    }


def is_pattern(text: str) -> bool:
    """Whether a text stands for many file names."""
    return '*' in text or '?' in text


def _name(path: str, stem: str) -> str:
    """Path below the folder in which the image has its stem."""
    return '/'.join(path.split('/')[-1 - stem.count('/') :])
