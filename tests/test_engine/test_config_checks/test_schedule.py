"""Schedules that do not fit the length of the training."""

import pytest

POLY = dict(type='PolyLR', power=0.9, begin=0, end=6, by_epoch=False)
STAYS = dict(type='ConstantLR', factor=1, begin=3, end=6, by_epoch=False)


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'train_cfg.val_begin': 9}, ('val_begin=9', '6 or less')),
        ({'param_scheduler': dict(POLY, end=40)}, ('end=40', 'to 6 or less')),
        (
            {'param_scheduler': [dict(POLY, begin=6, end=7)]},
            ('param_scheduler.0.begin=6', 'to 5 or less'),
        ),
        ({'param_scheduler': dict(POLY, begin=4, end=3)}, ('not before',)),
        (
            {
                'param_scheduler': dict(
                    type='PolyLR', power=0.9, by_epoch=False
                )
            },
            ('stays where it begins', 'param_scheduler.end=6'),
        ),
        (
            {
                'param_scheduler': dict(
                    type='MultiStepLR', milestones=[3, 30], by_epoch=False
                )
            },
            ('30 does not fit',),
        ),
        ({'param_scheduler': dict(POLY, end=3)}, ('is at its end', 'end=6')),
        (
            {'param_scheduler': dict(POLY, end=3)},
            ("dict(type='ConstantLR', factor=1, begin=3, end=6, ",),
        ),
        (
            {'param_scheduler': dict(type='PolyLR', power=0.9)},
            ('would never go on', 'param_scheduler.by_epoch=False'),
        ),
        ({'custom_hooks.0.warmup_iters': 6}, ('warmup_iters=6', 'never used')),
        ({'custom_hooks.0.interval': 4}, ('is never over', 'interval=None')),
        ({'default_hooks.checkpoint.by_epoch': True}, ('save nothing',)),
    ],
)
def test_does_not_fit(found, changes, words):
    sentences = found(changes)
    assert all(any(w in s for s in sentences) for w in words), sentences


@pytest.mark.parametrize(
    'changes',
    [
        {'train_cfg.val_interval': 6},
        {'train_cfg.val_interval': 100},  # validates at the end
        {'param_scheduler': [dict(POLY, end=3), STAYS]},
        {'param_scheduler': [dict(POLY, type='PolyMomentum', end=3)]},
        {
            'param_scheduler': [
                dict(
                    type='ReduceOnPlateauLR',
                    monitor='mIoU',
                    rule='greater',
                    by_epoch=True,
                )
            ]
        },
        {'param_scheduler': POLY},
        # The paper's, which is at 0 after the last iteration.
        {'param_scheduler': dict(POLY, end=7)},
        {
            'param_scheduler': [
                dict(type='LinearLR', start_factor=0.1, end=2, by_epoch=False),
                dict(POLY, begin=2),
            ]
        },
        {'custom_hooks.0.interval': None},
        {
            'custom_hooks.0.warmup_iters': 100,
            'custom_hooks.0.feature_checkpoint': 'a.pth',
        },
    ],
)
def test_fits(found, changes):
    assert found(changes) == []
