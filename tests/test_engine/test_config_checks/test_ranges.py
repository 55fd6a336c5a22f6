"""Settings out of their range."""

import pytest

from mmseg_usrn.engine.config_checks.ranges import is_inside

UNLABELED = 'train_dataloader.dataset.unlabeled'


@pytest.mark.parametrize(
    'key, value, limits',
    [
        ('model.threshold', 1.0, '[0, 1)'),
        ('model.threshold', float('nan'), '[0, 1)'),
        ('model.teacher_momentum', 0, '(0, 1)'),
        ('model.unsup_loss_weight', -1, '[0, inf)'),
        ('model.unsup_downsample', 0, '[1, inf)'),
        ('model.fork_after', -1, '[0, inf)'),
        ('model.decode_head.dropout_ratio', 1.0, '[0, 1)'),
        ('model.data_preprocessor.std', [0.0, 1, 1], '(0, inf)'),
        ('custom_hooks.0.warmup_iters', -2, '[0, inf)'),
        ('custom_hooks.0.interval', 0, '[1, inf)'),
        ('train_dataloader.batch_size', 0, '[1, inf)'),
        ('train_dataloader.batch_size', 2.5, 'a whole number'),
        ('train_dataloader.num_workers', -1, '[0, inf)'),
        ('train_dataloader.dataset.num_unlabeled', 0, '[1, inf)'),
        (f'{UNLABELED}.pipeline.1.ratio_range', (0, 2.0), '(0, inf)'),
        (f'{UNLABELED}.pipeline.1.ratio_range', (2.0, 0.5), 'comes first'),
        (f'{UNLABELED}.pipeline.2.crop_size', (0, 40), '[1, inf)'),
        (f'{UNLABELED}.pipeline.3.prob', 1.5, '[0, 1]'),
        ('optim_wrapper.optimizer.lr', 0, '(0, inf)'),
        ('optim_wrapper.optimizer.lr', float('inf'), '(0, inf)'),
        ('optim_wrapper.optimizer.momentum', 1.0, '[0, 1)'),
        ('optim_wrapper.optimizer.weight_decay', -0.1, '[0, inf)'),
        ('optim_wrapper.accumulative_counts', 0, '[1, inf)'),
        ('optim_wrapper.clip_grad', dict(max_norm=0), '(0, inf)'),
        (
            'model.decode_head.loss_decode',
            dict(type='DiceLoss', loss_weight=-1),
            '[0, inf)',
        ),
        ('default_hooks.checkpoint.interval', 0, '[1, inf) or -1'),
        ('randomness.seed', -1, '[0, inf)'),
        ('val_evaluator.ignore_index', -1, '[0, 65535]'),
    ],
)
def test_out_of_range(found, key, value, limits):
    sentences = [s for s in found({key: value}) if 'out of range' in s]
    assert len(sentences) == 1
    assert sentences[0].startswith(key) and limits in sentences[0]


def test_levels_of_the_log(only):
    only({'log_level': 'LOUD'}, "log_level='LOUD' is no choice")


def test_words_that_are_no_choice(only):
    only({'model.gate': 'entropie'}, 'gate=', 'do you mean entropy?')


@pytest.mark.parametrize(
    'number, limits, inside',
    [
        (0, '[0, 1)', True),
        (1, '[0, 1)', False),
        (1, '(0, 1]', True),
        (0, '(0, inf)', False),
        (float('inf'), '[0, inf)', False),
        (float('inf'), '[0, inf]', True),
        (float('nan'), '[0, inf]', False),
        (-1, '[0, 1) or -1', True),
        (-0.5, '[0, 1) or -1', False),
    ],
)
def test_ranges_as_in_mathematics(number, limits, inside):
    assert is_inside(number, limits) == inside
