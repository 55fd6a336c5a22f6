# Cityscapes 1/32: 93 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/cityscapes.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.cityscapes_1over32
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over32')
)
# 14,880 epochs of floor(93 / 1) = 93 iterations on 4 GPUs, 1 + 1 images each
train_cfg = dict(max_iters=1383840, val_interval=17298)
param_scheduler = dict(end=1383841)
# 14,880 epochs of floor(93 / 4) = 23 iterations on 2 GPUs, 2 images each
baseline = dict(
    train_cfg=dict(max_iters=342240, val_interval=4278),
    param_scheduler=dict(end=342241),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_cityscapes_1over32_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
