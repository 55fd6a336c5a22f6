# Cityscapes 1/8: 372 labeled images. Stages 2 (clustering the features of the
# best baseline) and 3 (USRN, again from ImageNet weights) of the recipe.
_base_ = [
    './_base_/cityscapes.py',
    './_base_/published_subclasses.py',
    './_base_/usrn.py',
]
subclasses = _base_.published_subclasses.cityscapes_1over8
model = dict(num_subclasses=sum(subclasses), **_base_.usrn)
# 3,360 epochs of floor(372 / 1) = 372 iterations on 4 GPUs, 1 + 1 images each
max_iters = 1249920
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
optim_wrapper = dict(optimizer=dict(lr=0.02))  # twice that of VOC
train_dataloader = _base_.usrn_dataloader
train_dataloader.dataset.labeled.ann_file = (
    '../splits/cityscapes/1over8/labeled.txt'
)
train_dataloader.dataset.unlabeled.ann_file = (
    '../splits/cityscapes/1over8/unlabeled.txt'
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_cityscapes_1over8_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
