# Optimiser, schedule and checkpoints of the paper. The number of iterations
# stands in each config.
_base_ = '../../../_base_/default_runtime.py'
optim_wrapper = dict(
    type='OptimWrapper',
    # Weight decay on everything, norms and biases included.
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    # Group 1 of the original: the whole backbone, forked stages included.
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
# lr(t) = lr * (1 - t / N) ** 0.9 after t of N iterations. MMEngine's PolyLR
# reaches 0 one step early, hence the end of N + 1.
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=0, by_epoch=False)
# The original validates every epoch, 1,200 to 14,880 times a run; each config
# here does so 80 times, the last time at the end. The best checkpoint is what
# the original reports and clusters.
train_cfg = dict(type='IterBasedTrainLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        by_epoch=False,
        interval=2000,
        max_keep_ckpts=1,
        save_best='mIoU',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
)
