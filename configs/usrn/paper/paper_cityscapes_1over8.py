# Cityscapes 1/8: 372 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/cityscapes.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.cityscapes_1over8
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over8')
)
# 3,360 epochs of floor(372 / 1) = 372 iterations on 4 GPUs, 1 + 1 images each
train_cfg = dict(max_iters=1249920, val_interval=15624)
param_scheduler = dict(end=1249921)
# 3,360 epochs of floor(372 / 4) = 93 iterations on 2 GPUs, 2 images each
baseline = dict(
    train_cfg=dict(max_iters=312480, val_interval=3906),
    param_scheduler=dict(end=312481),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_cityscapes_1over8_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
