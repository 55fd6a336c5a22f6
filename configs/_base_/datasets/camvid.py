# CamVid, the 11 classes and 480x360 images of SegNet: 367 / 101 / 233 images.
_base_ = './strong_view.py'
how_to_prepare = (
    'put CamVid at ../shared/data/camvid, or set data_root and splits in '
    'configs/_base_/datasets/camvid.py'
)
data_root = '../shared/data/camvid'
splits = 'splits/1over8/seed0/'  # relative to data_root
metainfo = dict(
    classes=(
        'sky',
        'building',
        'pole',
        'road',
        'pavement',
        'tree',
        'sign',
        'fence',
        'car',
        'pedestrian',
        'bicyclist',
    ),
    palette=[
        [128, 128, 128],
        [128, 0, 0],
        [192, 192, 128],
        [128, 64, 128],
        [60, 40, 222],
        [128, 128, 0],
        [192, 128, 128],
        [64, 64, 128],
        [64, 0, 128],
        [64, 64, 0],
        [0, 128, 192],
    ],
)
resize = dict(
    type='RandomResize',
    scale=(480, 360),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
)
crop_size = (320, 320)
flip = dict(type='RandomFlip', prob=0.5)
labeled = dict(
    type='BaseSegDataset',
    metainfo=metainfo,
    data_root=data_root,
    data_prefix=dict(img_path='img_dir/train', seg_map_path='ann_dir/train'),
    ann_file=splits + 'labeled.txt',
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='AddCellMap', stride=8),
        resize,
        dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
        flip,
        dict(type='PhotoMetricDistortion'),
        dict(type='PackLabeledInputs'),
    ],
)
unlabeled = dict(
    type='UnlabeledDataset',
    data_root=data_root,
    data_prefix=dict(img_path='img_dir/train'),
    ann_file=splits + 'unlabeled.txt',
    pipeline=[
        dict(type='LoadImageFromFile'),
        resize,
        dict(type='RandomCrop', crop_size=crop_size),
        flip,
        dict(
            type='MultiBranch',
            unsup_weak=[dict(type='PackSegInputs')],
            unsup_strong=[*_base_.strong_view, dict(type='PackSegInputs')],
        ),
    ],
)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(480, 360), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=4,  # of each kind; the tools keep the global batch, see below
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PairedDataset',
        labeled=labeled,
        unlabeled=unlabeled,
        feature_pipeline=test_pipeline,
    ),
)
# 8 labeled and 8 unlabeled images, as the paper on VOC.
auto_scale_lr = dict(enable=False, base_batch_size=8)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        metainfo=metainfo,
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        metainfo=metainfo,
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/test', seg_map_path='ann_dir/test'),
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
