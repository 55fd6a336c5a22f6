# VOC 1/64: 165 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/voc.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.voc_1over64
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over64'))
# 5,120 epochs of floor(165 / 4) = 41 iterations on 2 GPUs, 4 + 4 images each
train_cfg = dict(max_iters=209920, val_interval=2624)
param_scheduler = dict(end=209921)
# 5,120 epochs of floor(165 / 8) = 20 iterations on 1 GPU, 8 images
baseline = dict(
    train_cfg=dict(max_iters=102400, val_interval=1280),
    param_scheduler=dict(end=102401),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_voc_1over64_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
