# Folders of images, and of masks for the labeled ones. A config on top of this
# names the folders and classes (docs/own_data.md); sizes here are MMSeg's for
# Pascal VOC and ADE20K.
# Not by `import`, which MMEngine takes for a config of its other kind: with
# the package, `mmseg::` in the bases after this one is found everywhere.
__import__('mmseg_usrn')
crop_size = (512, 512)
resize = dict(
    type='RandomResize',
    scale=(2048, 512),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
)
# What the strong view of an unlabeled image adds to the weak one, in this
# order: the augmentation of the USRN paper's code.
strong_view = [
    dict(
        type='RandomApply',
        transforms=[dict(type='GaussianBlur', kernel_size=5)],
        prob=0.5,
    ),
    dict(
        type='RandomApply',
        transforms=[
            dict(
                type='ColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.4,
                hue=0.1,
            )
        ],
        prob=0.8,
    ),
    dict(type='RandomApply', transforms=[dict(type='ToGray')], prob=0.2),
]
# The pipelines without resize and crop, for configs that change these.
load_labeled = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddCellMap', stride=8),
]
end_labeled = [
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackLabeledInputs'),
]
load_unlabeled = [dict(type='LoadImageFromFile')]
views = dict(
    type='MultiBranch',
    unsup_weak=[dict(type='PackSegInputs')],
    unsup_strong=[*strong_view, dict(type='PackSegInputs')],
)
end_unlabeled = [dict(type='RandomFlip', prob=0.5), views]
load_test = [dict(type='LoadImageFromFile')]
end_test = [dict(type='LoadAnnotations'), dict(type='PackSegInputs')]
test_pipeline = [
    *load_test,
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    *end_test,
]
train_dataloader = dict(
    batch_size=4,  # of each kind; the tools keep the global batch, see below
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PairedDataset',
        labeled=dict(
            type='FolderSegDataset',
            pipeline=[
                *load_labeled,
                resize,
                dict(
                    type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75
                ),
                *end_labeled,
            ],
        ),
        unlabeled=dict(
            type='UnlabeledDataset',
            pipeline=[
                *load_unlabeled,
                resize,
                dict(type='RandomCrop', crop_size=crop_size),
                *end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    ),
)
# Global batch of the USRN paper on VOC: 8 labeled and 8 unlabeled images.
auto_scale_lr = dict(enable=False, base_batch_size=8)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='FolderSegDataset', pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ExactIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
