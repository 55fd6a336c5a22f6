# Cityscapes 1/16: 186 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/cityscapes.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.cityscapes_1over16
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over16')
)
# 7,200 epochs of floor(186 / 1) = 186 iterations on 4 GPUs, 1 + 1 images each
train_cfg = dict(max_iters=1339200, val_interval=16740)
param_scheduler = dict(end=1339201)
# 7,200 epochs of floor(186 / 4) = 46 iterations on 2 GPUs, 2 images each
baseline = dict(
    train_cfg=dict(max_iters=331200, val_interval=4140),
    param_scheduler=dict(end=331201),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_cityscapes_1over16_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
