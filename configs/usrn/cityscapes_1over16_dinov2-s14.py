# USRN on Cityscapes with 1/16 of the masks: DPT with DINOv2's ViT-S/14.
_base_ = [
    '../_base_/datasets/cityscapes_798.py',
    '../_base_/models/dpt_dinov2.py',
    '../_base_/schedules/adamw_63k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(
        num_classes=19,
        # UniMatch V2's hard pixels: 200,000 of a batch of two.
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=100000),
    ),
    # As UniMatch V2 tests: windows of the crop, two thirds apart.
    test_cfg=dict(
        _delete_=True,
        mode='slide',
        crop_size=_base_.crop_size,
        stride=(532, 532),
    ),
)
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over16')
)
