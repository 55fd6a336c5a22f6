# VOC 1/64: 165 labeled images. Stages 2 (clustering the features of the best
# baseline) and 3 (USRN, again from ImageNet weights) of the recipe.
_base_ = [
    './_base_/voc.py',
    './_base_/published_subclasses.py',
    './_base_/usrn.py',
]
subclasses = _base_.published_subclasses.voc_1over64
model = dict(num_subclasses=sum(subclasses), **_base_.usrn)
# 5,120 epochs of floor(165 / 4) = 41 iterations on 2 GPUs, 4 + 4 images each
max_iters = 209920
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
train_dataloader = _base_.usrn_dataloader
train_dataloader.dataset.labeled.ann_file = (
    '../../splits/voc/1over64/labeled.txt'
)
train_dataloader.dataset.unlabeled.ann_file = (
    '../../splits/voc/1over64/unlabeled.txt'
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_voc_1over64_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
