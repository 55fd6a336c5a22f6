# VOC 1/32: 331 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/voc.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.voc_1over32
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over32'))
# 2,480 epochs of floor(331 / 4) = 82 iterations on 2 GPUs, 4 + 4 images each
train_cfg = dict(max_iters=203360, val_interval=2542)
param_scheduler = dict(end=203361)
# 2,480 epochs of floor(331 / 8) = 41 iterations on 1 GPU, 8 images
baseline = dict(
    train_cfg=dict(max_iters=101680, val_interval=1271),
    param_scheduler=dict(end=101681),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_voc_1over32_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
