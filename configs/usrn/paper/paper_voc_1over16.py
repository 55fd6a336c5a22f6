# VOC 1/16: 662 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/voc.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.voc_1over16
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over16'))
# 1,200 epochs of floor(662 / 4) = 165 iterations on 2 GPUs, 4 + 4 images each
train_cfg = dict(max_iters=198000, val_interval=2475)
param_scheduler = dict(end=198001)
# 1,200 epochs of floor(662 / 8) = 82 iterations on 1 GPU, 8 images
# The original's own file says 165 images, those of 1/64, by mistake.
baseline = dict(
    train_cfg=dict(max_iters=98400, val_interval=1230),
    param_scheduler=dict(end=98401),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_voc_1over16_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
