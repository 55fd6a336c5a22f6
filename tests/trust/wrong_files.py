"""Files that are missing, empty, damaged or of another kind."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.trust.wrong_input import Case

PARTS = ('labeled', 'labeled_masks', 'unlabeled', 'val', 'val_masks')


def empty(path: str, folder: Path) -> None:
    """A file of no bytes."""
    (folder / path).write_bytes(b'')


def cut(path: str, folder: Path) -> None:
    """A file whose second half is missing."""
    file = folder / path
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def text(path: str, folder: Path) -> None:
    """A text under the name of an image."""
    (folder / path).write_text('not an image\n')


def dangle(path: str, folder: Path) -> None:
    """A link to a file that is not there."""
    (folder / path).unlink()
    (folder / path).symlink_to('nowhere.png')


def remove(path: str, folder: Path) -> None:
    """A file that is not there."""
    (folder / path).unlink()


def hide(path: str, folder: Path) -> None:
    """A folder that is not there."""
    (folder / path).rename(folder / 'elsewhere')


def clear(path: str, folder: Path) -> None:
    """A folder without files."""
    for file in (folder / path).iterdir():
        file.unlink()


def mask(values, folder: Path, path: str = 'toy/labeled_masks/0.png') -> None:
    """A mask of other values or of another size."""
    Image.fromarray(np.asarray(values, np.uint8)).save(folder / path)


def config(content: str, folder: Path) -> None:
    """A config of another content."""
    (folder / 'toy.py').write_text(content)


def append(content: str, folder: Path) -> None:
    """A config with some lines more."""
    with (folder / 'toy.py').open('a') as file:
        file.write(content)


def write(path: str, content: str | bytes, folder: Path) -> None:
    """A file more."""
    data = content.encode() if isinstance(content, str) else content
    (folder / path).write_bytes(data)


def weights(content, folder: Path) -> None:
    """A checkpoint of some content."""
    torch.save(content, folder / 'weights.pth')


def damage(name, words, function, *first, **others):
    """A case that damages the folder."""
    return Case(name, words, damage=partial(function, *first), **others)


IMAGES = (
    *(
        damage(f'{kind.__name__}: {part}/0.png', f'{part}/0.png', kind, f'toy/{part}/0.png')
        for part in PARTS
        for kind in (empty, cut, text)
    ),
    damage('a link to a mask that is not there', 'labeled_masks/0.png', dangle, 'toy/labeled_masks/0.png'),
    *(
        damage(f'no folder {part}', f'toy/{part}', hide, f'toy/{part}')
        for part in PARTS
    ),
    *(
        damage(f'nothing in {part}', part.removesuffix('_masks'), clear, f'toy/{part}')
        for part in PARTS
    ),
    damage('a labeled image without its mask', 'labeled_masks/0.png', remove, 'toy/labeled_masks/0.png'),
    damage('a val image without its mask', 'val_masks/1.png', remove, 'toy/val_masks/1.png'),
    damage('a mask of another size', 'size', mask, np.zeros((20, 20))),
    damage('a mask with a value that is no class', '77', mask, np.full((48, 64), 77)),
    damage('masks in colours', 'labeled_masks/0.png', mask, np.zeros((48, 64, 3))),
    damage('a val mask with a value that is no class', '9', partial(mask, path='toy/val_masks/0.png'), np.full((48, 64), 9)),
)  # fmt: skip
LISTS = (
    *(
        damage(
            f'a list of labeled images: {name}',
            words,
            write,
            'labeled.txt',
            content,
            settings={
                'train_dataloader.dataset.labeled.ann_file': '../labeled.txt'
            },
        )
        for name, content, words in (
            ('empty', '', 'labeled'),
            ('names that are not there', 'a\nb\n', 'labeled/a.png'),
            ('one name that is not there', '0\n99\n', '99.png'),
            ('bytes', b'\xff\xfe\x00\x80', 'labeled.txt'),
        )
    ),
    Case('no list of labeled images', 'nowhere.txt', settings={'train_dataloader.dataset.labeled.ann_file': 'nowhere.txt'}),
    Case('no list of val images', 'nowhere.txt', settings={'val_dataloader.dataset.ann_file': 'nowhere.txt'}),
    Case('no folder of a split', 'no_split', settings={'train_dataloader.dataset.split_dir': 'no_split'}),
    Case('no data root', 'nowhere', settings={'train_dataloader.dataset.labeled.data_root': 'nowhere'}),
    Case('a suffix that no image has', 'labeled', settings={'train_dataloader.dataset.labeled.img_suffix': '.jpg'}),
    Case('a suffix that no mask has', 'mask', settings={'train_dataloader.dataset.labeled.seg_map_suffix': '.tif'}),
)  # fmt: skip
CONFIGS = (
    damage('an empty config', 'toy.py', config, ''),
    damage('a config of one line', 'toy.py', config, 'x = 1\n'),
    damage('a config with a syntax error', 'toy.py', append, 'model = dict(\n'),
    damage('a config with an unknown name', 'nowhere', append, 'a = nowhere\n'),
    damage('a config with a division by zero', 'toy.py', append, 'a = 1 / 0\n'),
    damage('a config that is a text', 'toy.py', config, 'this is no config'),
    damage('a config of bytes', 'toy.py', write, 'toy.py', b'\xff\x00\x81\xfe'),
    damage('a base that is not there', 'no_base.py', append, "_base_ = 'no_base.py'\n"),
    damage('a base of MMSegmentation that is not there', 'nothing.py', append, "_base_ = 'mmseg::_base_/nothing.py'\n"),
    damage('a key of two bases', 'Duplicate key', config, "_base_ = ['good.py', 'good.py']\n"),
    damage('a package that is not there', 'no_package', append, "custom_imports = dict(imports=['no_package'])\n"),
    damage('a model that is a text', 'model', append, "model = 'USRN'\n"),
    damage('a list in place of the data', 'train_dataloader', append, 'train_dataloader = []\n'),
    damage('hooks that are no list', 'custom_hooks', append, "custom_hooks = 'SubclassReclusterHook'\n"),
)  # fmt: skip
CHECKPOINTS = (
    *(
        damage(
            f'weights to begin with: {name}',
            'weights.pth',
            *function,
            settings={'load_from': 'weights.pth'},
        )
        for name, function in (
            ('empty', (write, 'weights.pth', '')),
            ('a text', (write, 'weights.pth', 'no weights')),
            ('cut', (write, 'weights.pth', b'PK\x03\x04' + b'\0' * 99)),
            ('of nothing', (weights, {})),
            ('of another model', (weights, {'state_dict': {'a': torch.zeros(2)}})),
            ('a list', (weights, [1, 2])),
        )
    ),
    *(
        damage(
            f'features of a checkpoint: {name}',
            'weights.pth',
            *function,
            settings={'custom_hooks.0.feature_checkpoint': 'weights.pth'},
        )
        for name, function in (
            ('empty', (write, 'weights.pth', '')),
            ('a text', (write, 'weights.pth', 'no weights')),
            ('of nothing', (weights, {})),
            ('of another model', (weights, {'state_dict': {'a': torch.zeros(2)}})),
        )
    ),
)  # fmt: skip
FILES = (*IMAGES, *LISTS, *CONFIGS, *CHECKPOINTS)
