# Cityscapes; sizes as in the original's city configs (base_size 2048,
# crop_size 720). Unlike on VOC, the labeled images are jittered too.
_base_ = ['../../../_base_/datasets/cityscapes.py', './recipe.py']
crop_size = _base_.crop_size
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=19),
)
optim_wrapper = dict(optimizer=dict(lr=0.02))  # twice that of VOC
flip = dict(type='RandomFlip', prob=0.5)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        labeled=dict(
            pipeline=[
                *_base_.load_labeled,
                # 0.5 to 2.0 times 2048
                dict(
                    type='RandomScaleCrop',
                    long_side=(1024, 4096),
                    crop_size=crop_size,
                ),
                flip,
                _base_.strong_view[1].transforms[0],  # ColorJitter
                dict(type='PackLabeledInputs'),
            ]
        ),
        unlabeled=dict(
            pipeline=[
                *_base_.load_unlabeled,
                # 0.8 to 2.0 times 2048
                dict(
                    type='RandomScaleCrop',
                    long_side=(1638, 4096),
                    crop_size=crop_size,
                ),
                flip,
                _base_.views,
            ]
        ),
        feature_pipeline=_base_.whole_image_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_image_pipeline))
test_dataloader = val_dataloader
