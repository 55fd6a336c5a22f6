# As adamw_40k.py, as long as UniMatch V2 trains on Cityscapes: 180 epochs of
# 2,789 unlabeled images in batches of 8 are 62,640 iterations.
_base_ = './adamw_40k.py'
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=0.9,
        begin=0,
        end=63000,
        by_epoch=False,
    )
]
train_cfg = dict(max_iters=63000, val_interval=6300)
default_hooks = dict(
    checkpoint=dict(interval=6300), pseudo_labels=dict(interval=6300)
)
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=6300, interval=6300)
]
