# USRN on generated images: a small network, trained from scratch on a CPU.
_base_ = [
    '../_base_/models/segformer_resnet18_tiny.py',
    '../_base_/datasets/demo_images.py',
    '../_base_/schedules/adamw_1k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='USRN',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=6),
    num_subclasses=12,
)
custom_hooks = [
    dict(
        type='SubclassReclusterHook',
        warmup_iters=300,
        interval=200,
        num_workers=0,
    )
]
