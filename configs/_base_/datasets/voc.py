# Pascal VOC 2012 with the SBD masks: 10,582 training images, 1,449 for val.
_base_ = './strong_view.py'
how_to_prepare = (
    'README.md, "Pascal VOC", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/voc/1over32 --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt --masks '
    'data/VOCdevkit/VOC2012/SegmentationClassAug --num-classes 21 '
    '--fraction 1/32'
)
data_root = 'data/VOCdevkit/VOC2012'
splits = '../../splits/voc/1over32/'  # relative to data_root
# The crop is the USRN paper's. Scales are MMSeg's for VOC, for that crop: the
# shorter side becomes 160 to 640 pixels.
resize = dict(
    type='RandomResize',
    scale=(2048, 320),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
)
crop_size = (320, 320)
flip = dict(type='RandomFlip', prob=0.5)
labeled = dict(
    type='PascalVOCDataset',
    data_root=data_root,
    data_prefix=dict(
        img_path='JPEGImages', seg_map_path='SegmentationClassAug'
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
    data_prefix=dict(img_path='JPEGImages'),
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
    dict(type='Resize', scale=(2048, 320), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=4,  # of each kind; the tools keep the global batch, see below
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
# Global batch of the USRN paper: 8 labeled and 8 unlabeled images.
auto_scale_lr = dict(enable=False, base_batch_size=8)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClass'
        ),
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
