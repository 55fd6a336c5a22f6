"""Unusual data: few or many classes, one image, other batch ratios."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from PIL import Image

from mmseg_usrn.models import USRN

IGNORED = 255
WIDE_IGNORED = 65535


def run(config) -> USRN:
    """Train six iterations, two of them after two clusterings, and test."""
    runner = Runner.from_cfg(config)
    runner.train()
    model = runner.model
    assert model.subclass_table.is_ready
    for name, value in model.state_dict().items():
        assert value.isfinite().all(), name
    assert 0 <= runner.test()['mIoU'] <= 100
    return model


def repaint(folder, change) -> None:
    """Change the masks of a folder."""
    for path in folder.glob('*.png'):
        Image.fromarray(change(np.array(Image.open(path)))).save(path)


def all_datasets(config):
    pair = config.train_dataloader.dataset
    return [pair.labeled, pair.unlabeled, config.test_dataloader.dataset]


def set_classes(config, number: int) -> None:
    names = tuple(f'class {i}' for i in range(number))
    config.model.decode_head.num_classes = number
    for dataset in all_datasets(config):
        dataset.metainfo = dict(classes=names)
    config.val_dataloader = config.test_dataloader


def test_two_classes(toy_config, toy_root):
    for part in ('labeled_masks', 'val_masks'):
        repaint(
            toy_root / part,
            lambda mask: np.where(mask == IGNORED, mask, mask.clip(max=1)),
        )
    set_classes(toy_config, 2)
    model = run(toy_config)
    assert sum(model.subclass_table.subclasses_per_class) == 8
    assert min(model.subclass_table.subclasses_per_class) > 0


def widen(mask):
    """Classes 0, 99, 198 and 297 in 16 bits."""
    mask = mask.astype(np.uint16)
    return np.where(mask == IGNORED, WIDE_IGNORED, mask * 99).astype(np.uint16)


@pytest.mark.slow
def test_three_hundred_classes(toy_config, toy_root):
    for part in ('labeled_masks', 'val_masks'):
        repaint(toy_root / part, widen)
    set_classes(toy_config, 300)
    toy_config.model.num_subclasses = 304
    toy_config.model.decode_head.ignore_index = WIDE_IGNORED
    toy_config.model.data_preprocessor.seg_pad_val = WIDE_IGNORED
    for dataset in all_datasets(toy_config):
        dataset.ignore_index = WIDE_IGNORED
        for step in dataset.pipeline:
            if step.type == 'LoadAnnotations':
                step.type = 'LoadWideAnnotations'
    toy_config.test_evaluator.ignore_index = WIDE_IGNORED
    toy_config.val_evaluator.ignore_index = WIDE_IGNORED
    for hook in toy_config.custom_hooks:
        hook.subclasses_per_class = [0] * 300
        for label in (0, 99, 198, 297):
            hook.subclasses_per_class[label] = 2
    model = run(toy_config)
    used = model.subclass_table.subclasses_per_class
    assert [label for label in range(300) if used[label]] == [0, 99, 198, 297]


@pytest.mark.parametrize(
    ('part', 'key', 'message'),
    [
        ('data_preprocessor', 'seg_pad_val', 'decode_head.ignore_index=255'),
        ('decode_head', 'ignore_index', 'data_preprocessor.seg_pad_val=255'),
    ],
)
def test_ignored_label_must_not_be_a_class(toy_config, part, key, message):
    init_default_scope('mmseg')
    toy_config.model.decode_head.num_classes = 300
    toy_config.model.num_subclasses = 304
    toy_config.model[part][key] = WIDE_IGNORED
    with pytest.raises(ValueError, match=f'{message} is the label of a class'):
        MODELS.build(toy_config.model)


def test_255_classes_still_fit_eight_bits(toy_config):
    init_default_scope('mmseg')
    toy_config.model.decode_head.num_classes = 255
    toy_config.model.num_subclasses = 255
    MODELS.build(toy_config.model)


@pytest.mark.slow
def test_class_that_no_labeled_image_has(toy_config, toy_root):
    repaint(
        toy_root / 'labeled_masks', lambda mask: np.where(mask == 3, 0, mask)
    )
    model = run(toy_config)
    per_class = model.subclass_table.subclasses_per_class
    assert per_class[3] == 0
    assert sum(per_class) == 8


def test_one_labeled_image(toy_config, toy_root):
    for part in ('labeled', 'labeled_masks'):
        for path in sorted((toy_root / part).glob('*.png'))[1:]:
            path.unlink()
    model = run(toy_config)
    assert model.subclass_table.num_images == 1


@pytest.mark.slow
@pytest.mark.parametrize('batch_size', [1, 2])
def test_three_unlabeled_images_per_labeled_one(toy_config, batch_size):
    toy_config.train_dataloader.batch_size = batch_size
    toy_config.train_dataloader.dataset.num_unlabeled = 3
    run(toy_config)
    batch = next(iter(Runner.build_dataloader(toy_config.train_dataloader)))
    preprocessor = Runner.from_cfg(toy_config).model.data_preprocessor
    inputs = preprocessor(batch, training=True)['inputs']
    assert {name: len(images) for name, images in inputs.items()} == {
        'sup': batch_size,
        'unsup_weak': 3 * batch_size,
        'unsup_strong': 3 * batch_size,
    }
    assert isinstance(inputs['sup'], torch.Tensor)
