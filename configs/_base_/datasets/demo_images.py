# The generated demo images, 96x96: 8 labeled, 200 unlabeled. The dataset
# class makes them where they are missing.
_base_ = './strong_view.py'
crop_size = (64, 64)
geometry = [
    dict(
        type='RandomResize',
        scale=(96, 96),
        ratio_range=(0.8, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
labeled = dict(
    type='DemoDataset',
    part='labeled',
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='AddCellMap', stride=8),
        *geometry,
        dict(type='PackLabeledInputs'),
    ],
)
unlabeled = dict(
    type='DemoDataset',
    part='unlabeled',
    pipeline=[
        dict(type='LoadImageFromFile'),
        *geometry,
        dict(
            type='MultiBranch',
            unsup_weak=[dict(type='PackSegInputs')],
            unsup_strong=[*_base_.strong_view, dict(type='PackSegInputs')],
        ),
    ],
)
train_dataloader = dict(
    batch_size=8,  # of each kind; the tools divide it among the processes
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='PairedDataset', labeled=labeled, unlabeled=unlabeled),
)
auto_scale_lr = dict(enable=False, base_batch_size=8)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='DemoDataset',
        part='val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ],
    ),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='DemoDataset',
        part='test',
        pipeline=val_dataloader['dataset']['pipeline'],
    ),
)
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
