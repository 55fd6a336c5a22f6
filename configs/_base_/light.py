# For a CPU: MobileNetV2 under SegFormer's head, 2 M parameters, which learn in
# 2,000 iterations. Optimiser and learning rate are those of the experiments
# (docs/experiments.md). Without pretrained weights; a file of them goes into
# backbone.init_cfg (new_dataset.py --weights).
_base_ = [
    './models/deeplabv3plus_mobilenetv2.py',
    './schedules/sgd_40k.py',
]
max_iters = 2000
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(strides=(1, 2, 2, 2, 1, 2, 1), dilations=(1,) * 7),
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[24, 32, 96, 320],
        in_index=[0, 1, 2, 3],
        channels=96,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=False,
        dropout_ratio=0.1,
        loss_decode=dict(type='CrossEntropyLoss'),
    ),
    auxiliary_head=dict(channels=32),
)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='AdamW', lr=0.01, weight_decay=0.01, fused=True
    )
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=50, by_epoch=False),
    dict(type='PolyLR', power=0.9, begin=50, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval=500)
default_hooks = dict(
    logger=dict(interval=20),
    checkpoint=dict(interval=500),
    pseudo_labels=dict(interval=500),
)
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=500, interval=500)
]
