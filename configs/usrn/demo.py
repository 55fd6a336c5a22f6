# USRN on generated images, 96x96, 8 of them labeled: a small network, trained
# from scratch on a CPU.
_base_ = [
    'mmseg::_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/folder.py',
    '../_base_/default_runtime.py',
]
how_to_prepare = 'the images are made by: python tools/demo_images.py'
crop_size = (64, 64)
max_iters = 1000
norm_cfg = dict(type='SyncBN', requires_grad=True)
# A quarter of ResNet-18 under SegFormer's head, 0.7 M parameters.
model = dict(
    type='USRN',
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        base_channels=16,
        stem_channels=16,
        strides=(1, 2, 2, 1),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        in_channels=[16, 32, 64, 128],
        channels=32,
        num_classes=6,
        loss_decode=dict(avg_non_ignore=True),
    ),
    num_subclasses=12,
)
dataset = dict(
    metainfo=dict(
        classes=('background', 'path', 'pond', 'bush', 'crate', 'stone'),
        palette=[
            [125, 125, 125],
            [235, 180, 70],
            [60, 130, 220],
            [50, 165, 85],
            [215, 80, 60],
            [150, 90, 190],
        ],
    ),
    data_root='data/demo',
)
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
test_pipeline = [*_base_.load_test, *_base_.end_test]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        split_dir='data/demo/splits',
        labeled=dict(
            **dataset,
            data_prefix=dict(
                img_path='img_dir/train', seg_map_path='ann_dir/train'
            ),
            pipeline=[
                *_base_.load_labeled,
                *geometry,
                dict(type='PackLabeledInputs'),
            ],
        ),
        unlabeled=dict(
            data_root='data/demo',
            data_prefix=dict(img_path='img_dir/train'),
            pipeline=[*_base_.load_unlabeled, *geometry, _base_.views],
        ),
        feature_pipeline=test_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='img_dir/test', seg_map_path='ann_dir/test'),
        pipeline=test_pipeline,
    ),
)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.004, weight_decay=0.01, fused=True),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=20, by_epoch=False),
    dict(type='PolyLR', power=0.9, begin=20, end=max_iters, by_epoch=False),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=max_iters),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    pseudo_labels=dict(type='PseudoLabelVisualizationHook', interval=250),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        warmup_iters=300,
        interval=200,
        num_workers=0,
    )
]
