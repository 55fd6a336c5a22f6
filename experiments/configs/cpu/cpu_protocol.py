# What all contenders of the CPU protocol share: smaller images, 4 + 4 of them,
# 1,500 iterations. experiments/run.py sets split and seed.
_base_ = '../shared.py'
max_iters = 1500
scale = (360, 270)
crop_size = (128, 128)
# At least half the size: no crop is padded.
resize = dict(
    type='RandomResize',
    scale=scale,
    ratio_range=(0.5, 1.33),
    keep_ratio=True,
)
flip = dict(type='RandomFlip', prob=0.5)
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddCellMap', stride=8),
    resize,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    flip,
    dict(type='PhotoMetricDistortion'),
    dict(type='PackLabeledInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    resize,
    dict(type='RandomCrop', crop_size=crop_size),
    flip,
    dict(
        type='MultiBranch',
        unsup_weak=[dict(type='PackSegInputs')],
        unsup_strong=[*_base_.strong_view, dict(type='PackSegInputs')],
    ),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    # After the resize: predictions are judged at 480x360.
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
model = dict(data_preprocessor=dict(size=crop_size))
# One thread and one process a run: the images are loaded in it.
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        labeled=dict(pipeline=labeled_pipeline),
        unlabeled=dict(pipeline=unlabeled_pipeline),
        feature_pipeline=test_pipeline,
    ),
)
auto_scale_lr = dict(base_batch_size=4)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=test_pipeline),
)
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=test_pipeline),
)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=max_iters,
        by_epoch=False,
    )
]
train_cfg = dict(max_iters=max_iters, val_interval=250)
default_hooks = dict(checkpoint=dict(interval=250, max_keep_ckpts=1))
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=500, num_workers=0)
]
