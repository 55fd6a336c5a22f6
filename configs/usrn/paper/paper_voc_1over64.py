# VOC 1/64: 165 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/voc.py', './_base_/published_subclasses.py']
subclasses = _base_.published_subclasses.voc_1over64
model = dict(num_subclasses=sum(subclasses))
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over64'))
# 5,120 epochs of floor(165 / 4) = 41 iterations on 2 GPUs, 4 + 4 images each
max_iters = 209920
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
# 5,120 epochs of floor(165 / 8) = 20 iterations on 1 GPU, 8 images
baseline_iters = 102400
baseline = dict(
    train_cfg=dict(
        max_iters=baseline_iters, val_interval=baseline_iters // 80
    ),
    param_scheduler=dict(end=baseline_iters + 1),
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        feature_checkpoint='work_dirs/paper_voc_1over64_baseline/best.pth',
        subclasses_per_class=subclasses,
    )
]
