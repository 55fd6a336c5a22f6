# As voc.py, with crop, scales and batch of UniMatch V2 (TPAMI 2025): images
# of half to double their own size, whose longer side is 500 in VOC. 518
# pixels are 37 patches of 14.
_base_ = './voc.py'
crop_size = (518, 518)
scale = (500, 500)
resize = dict(_base_.resize, scale=scale)
crop = dict(type='RandomCrop', crop_size=crop_size)
test_pipeline = [
    *_base_.load_test,
    dict(type='Resize', scale=scale, keep_ratio=True),
    *_base_.end_test,
]
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            pipeline=[
                *_base_.load_labeled,
                resize,
                dict(crop, cat_max_ratio=0.75),
                *_base_.end_labeled,
            ]
        ),
        unlabeled=dict(
            pipeline=[
                *_base_.load_unlabeled,
                resize,
                crop,
                *_base_.end_unlabeled,
            ]
        ),
        feature_pipeline=test_pipeline,
    )
)
auto_scale_lr = dict(base_batch_size=16)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
