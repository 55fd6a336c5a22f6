# Pascal VOC 2012 with the SBD masks; sizes as in the original's voc configs
# (base_size 400, crop_size 320).
_base_ = ['../../../_base_/datasets/voc.py', './recipe.py']
crop_size = _base_.crop_size
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=21),
)
flip = dict(type='RandomFlip', prob=0.5)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        labeled=dict(
            pipeline=[
                *_base_.load_labeled,
                # 0.5 to 2.0 times 400
                dict(
                    type='RandomScaleCrop',
                    long_side=(200, 800),
                    crop_size=crop_size,
                ),
                flip,
                dict(type='PackLabeledInputs'),
            ]
        ),
        unlabeled=dict(
            img_suffix='.jpg',
            pipeline=[
                *_base_.load_unlabeled,
                # 0.8 to 2.0 times 400
                dict(
                    type='RandomScaleCrop',
                    long_side=(320, 800),
                    crop_size=crop_size,
                ),
                flip,
                _base_.views,
            ],
        ),
        feature_pipeline=_base_.whole_image_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_image_pipeline))
test_dataloader = val_dataloader
