# Cityscapes 1/16: 186 labeled images. Stages 2 (clustering the features of
# the best baseline) and 3 (USRN, again from ImageNet weights) of the recipe.
_base_ = [
    './_base_/cityscapes.py',
    './_base_/published_subclasses.py',
    './_base_/usrn.py',
]
subclasses = _base_.published_subclasses.cityscapes_1over16
model = dict(num_subclasses=sum(subclasses), **_base_.usrn)
# 7,200 epochs of floor(186 / 1) = 186 iterations on 4 GPUs, 1 + 1 images each
max_iters = 1339200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
optim_wrapper = dict(optimizer=dict(lr=0.02))  # twice that of VOC
train_dataloader = _base_.usrn_dataloader
train_dataloader.dataset.labeled.ann_file = (
    '../splits/cityscapes/1over16/labeled.txt'
)
train_dataloader.dataset.unlabeled.ann_file = (
    '../splits/cityscapes/1over16/unlabeled.txt'
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_cityscapes_1over16_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
