# Cityscapes; sizes as in the original's city configs (base_size 2048,
# crop_size 720). Unlike on VOC, the labeled images are jittered too.
_base_ = [
    './deeplabv3plus_r50.py',
    './schedule.py',
    './evaluation.py',
    '../../../_base_/datasets/strong_view.py',
]
how_to_prepare = (
    'README.md, "Cityscapes", shows the folders; docs/splits.md says how to '
    "take the original's lists of labeled images"
)
data_root = 'data/cityscapes'
crop_size = (720, 720)
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=19),
)
pad_crop_flip = [
    dict(type='PadToSize', size=crop_size),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
augmentation = [
    # 0.5 to 2.0 times 2048
    dict(type='RandomLongSideResize', long_side=(1024, 4096)),
    *pad_crop_flip,
    _base_.strong_view[1].transforms[0],  # the strong view's ColorJitter
]
labeled = dict(
    type='CityscapesDataset',
    data_root=data_root,
    data_prefix=dict(
        img_path='leftImg8bit/train',
        seg_map_path='gtFine/train',
    ),
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        *augmentation,
        dict(type='PackSegInputs'),
    ],
)
labeled_with_cells = {
    **labeled,
    'pipeline': [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='AddCellMap', stride=8),
        *augmentation,
        dict(type='PackLabeledInputs'),
    ],
}
unlabeled = dict(
    type='UnlabeledDataset',
    data_root=data_root,
    data_prefix=dict(img_path='leftImg8bit/train'),
    img_suffix='_leftImg8bit.png',
    pipeline=[
        dict(type='LoadImageFromFile'),
        # 0.8 to 2.0 times 2048
        dict(type='RandomLongSideResize', long_side=(1638, 4096)),
        *pad_crop_flip,
        dict(
            type='MultiBranch',
            unsup_weak=[dict(type='PackSegInputs')],
            unsup_strong=[*_base_.strong_view, dict(type='PackSegInputs')],
        ),
    ],
)
# The batch of all GPUs; divided among however many there are.
auto_scale_lr = dict(enable=False, base_batch_size=4)
baseline_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=labeled,
)
usrn_dataloader = {
    **baseline_dataloader,
    'dataset': dict(
        type='PairedDataset',
        labeled=labeled_with_cells,
        unlabeled=unlabeled,
        feature_pipeline=_base_.test_pipeline,
    ),
}
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
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader
