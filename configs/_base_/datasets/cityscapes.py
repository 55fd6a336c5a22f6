# Cityscapes, fine annotations: 2,975 training images, 500 for val.
_base_ = './strong_view.py'
how_to_prepare = (
    'README.md, "Cityscapes", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/cityscapes/1over32 --train '
    'data/cityscapes/leftImg8bit/train --img-suffix _leftImg8bit.png --masks '
    'data/cityscapes/gtFine/train --mask-suffix _gtFine_labelTrainIds.png '
    '--num-classes 19 --fraction 1/32'
)
data_root = 'data/cityscapes'
splits = '../splits/cityscapes/1over32/'  # relative to data_root
# The crop is the USRN paper's, the scales are MMSeg's for Cityscapes.
resize = dict(
    type='RandomResize',
    scale=(2048, 1024),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
)
crop_size = (720, 720)
flip = dict(type='RandomFlip', prob=0.5)
labeled = dict(
    type='CityscapesDataset',
    data_root=data_root,
    data_prefix=dict(
        img_path='leftImg8bit/train', seg_map_path='gtFine/train'
    ),
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
    data_prefix=dict(img_path='leftImg8bit/train'),
    img_suffix='_leftImg8bit.png',
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
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=2,  # of each kind; the tools keep the global batch, see below
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PairedDataset',
        labeled=labeled,
        unlabeled=unlabeled,
        feature_pipeline=test_pipeline,
    ),
)
# Global batch of the USRN paper: 4 labeled and 4 unlabeled images.
auto_scale_lr = dict(enable=False, base_batch_size=4)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val'
        ),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
