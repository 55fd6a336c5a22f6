"""Own images as people have them, built small: discs on grey ground."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

CLASSES = ('bg', 'red', 'green')
COLORS = np.array([(128, 128, 128), (200, 40, 40), (40, 180, 60)], np.uint8)
PARTS = dict(labeled=8, unlabeled=10, val=4)


class OwnImages:
    """Makes folders of images, calls ``new_dataset.py`` and reads configs.

    Attributes:
        root: Folder of everything.
        masks: Mask of every image that was drawn, by name.
    """

    def __init__(self, root, tool, monkeypatch, capsys) -> None:
        self.root, self.tool, self.capsys = root, tool, capsys
        self.monkeypatch = monkeypatch
        self.rng = np.random.default_rng(0)
        self.masks = {}

    def draw(self, name='', size=(80, 96), noise=12):
        """A picture of shape (H, W, 3) and its mask of shape (H, W)."""
        height, width = size
        rows, columns = np.mgrid[:height, :width]
        mask = np.zeros(size, np.uint8)
        for label, left in ((1, 0.3), (2, 0.7)):
            x = width * (left + self.rng.uniform(-0.1, 0.1))
            y = height * self.rng.uniform(0.35, 0.65)
            radius = min(size) * self.rng.uniform(0.12, 0.2)
            mask[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = label
        image = COLORS[mask].astype(float)
        image += self.rng.normal(0, noise, image.shape)
        self.masks[name] = mask
        return image.round().clip(0, 255).astype(np.uint8), mask

    def save(self, path, array, **options):
        """Save an array below the root; make its folder."""
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path, **options)

    def base(self, mask=lambda mask: mask, image='.png', masks='.png', **draw):
        """8 labeled, 10 unlabeled and 4 val images in folders of their own.

        Args:
            mask: What is written instead of a mask.
            image: How image files end.
            masks: How mask files end.
            **draw: As for :meth:`draw`.
        """
        for part, count in PARTS.items():
            for i in range(count):
                name = f'{part[0]}{i:02}'
                picture, labels = self.draw(name, **draw)
                self.save(f'{part}/images/{name}{image}', picture)
                if part != 'unlabeled':
                    self.save(f'{part}/masks/{name}{masks}', mask(labels))
        return self

    def new(self, *args, val=True, classes=CLASSES, **places):
        """Call ``new_dataset.py``.

        Args:
            *args: More arguments.
            val: Whether there is a validation part.
            classes: Names of the classes.
            **places: Folders in place of the base's, for example
                ``labeled_images='photos'``; None for none.

        Returns:
            The exit code, and all that was printed.
        """
        given = dict(
            labeled_images='labeled/images',
            labeled_masks='labeled/masks',
            unlabeled_images='unlabeled/images',
            val_images='val/images' if val else None,
            val_masks='val/masks' if val else None,
        )
        argv = ['new_dataset.py', '--out', 'my.py', '--force']
        for key, value in {**given, **places}.items():
            if value:
                names = [value] if isinstance(value, str) else value
                argv += [f'--{key.replace("_", "-")}', *names]
        argv += ['--classes', *classes] if classes else []
        if '--model' not in args:
            argv += ['--model', 'tiny.py']
        self.monkeypatch.setattr('sys.argv', [*argv, *map(str, args)])
        code = self.tool.main()
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def refuse(self, *args, **places):
        """Call ``new_dataset.py``, which must refuse; return the reason.

        Returns:
            What was printed, the columns of the table one after the other.
        """
        code, printed = self.new(*args, **places)
        assert code == 1, printed
        rows = [line.split('|') for line in printed.splitlines()]
        text = ' '.join(row[0] for row in rows if len(row) == 1)
        table = [row[1:-1] for row in rows if len(row) > 2]
        for column in zip(*table, strict=True):
            text += ' ' + ' '.join(cell.strip() for cell in column)
        return ' '.join(text.split())

    def config(self, *args, **places):
        """Call ``new_dataset.py``, which must succeed; read its config."""
        code, self.printed = self.new(*args, **places)
        assert code == 0, self.printed
        return Config.fromfile(self.root / 'my.py')

    def names(self, folder):
        """Names of the files below a folder, sorted."""
        folder = self.root / folder
        files = [p for p in folder.rglob('*') if p.is_file()]
        return sorted(str(p.relative_to(folder)) for p in files)


# A model that trains in seconds on a CPU.
TINY = """
_base_ = 'mmseg::_base_/models/segformer_mit-b0.py'
model = dict(
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        base_channels=8,
        stem_channels=8,
        strides=(1, 2, 2, 1),
        norm_cfg=dict(type='SyncBN', requires_grad=True),
    ),
    decode_head=dict(in_channels=[8, 16, 32, 64], channels=16),
)
"""


@pytest.fixture
def own(project_root, tmp_path, monkeypatch, capsys) -> OwnImages:
    """Maker of own images, in whose folder everything runs."""
    init_default_scope('mmseg')
    path = project_root / 'tools' / 'new_dataset.py'
    spec = importlib.util.spec_from_file_location('new_dataset', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tiny.py').write_text(TINY)
    return OwnImages(Path(tmp_path), tool, monkeypatch, capsys)


@pytest.fixture
def labels_of():
    """Reads the labels that a config's labeled images are trained with."""
    from mmseg.registry import DATASETS

    def labels_of(cfg, part='labeled'):
        train = cfg.train_dataloader.dataset
        settings = train[part] if part != 'val' else cfg.val_dataloader.dataset
        pipeline = settings.pipeline[:1]
        if part != 'unlabeled':
            pipeline = [*pipeline, dict(type='LoadAnnotations')]
        dataset = DATASETS.build({**settings, 'pipeline': pipeline})
        items = [dataset[i] for i in range(len(dataset))]
        return {
            Path(item['img_path']).name: item.get('gt_seg_map', item['img'])
            for item in items
        }

    return labels_of
