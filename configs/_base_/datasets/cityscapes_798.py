# As cityscapes.py, with crop and batch of UniMatch V2 (TPAMI 2025). 798
# pixels are 57 patches of 14.
_base_ = './cityscapes.py'
crop_size = (798, 798)
crop = dict(type='RandomCrop', crop_size=crop_size)
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            pipeline=[
                *_base_.load_labeled,
                _base_.resize,
                dict(crop, cat_max_ratio=0.75),
                *_base_.end_labeled,
            ]
        ),
        unlabeled=dict(
            pipeline=[
                *_base_.load_unlabeled,
                _base_.resize,
                crop,
                *_base_.end_unlabeled,
            ]
        ),
    )
)
auto_scale_lr = dict(base_batch_size=8)
