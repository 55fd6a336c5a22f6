# As sgd_40k.py, twice as long: MMSeg's shortest schedule for ADE20K and COCO.
_base_ = './sgd_40k.py'
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-4,
        power=0.9,
        begin=0,
        end=80000,
        by_epoch=False,
    )
]
train_cfg = dict(max_iters=80000, val_interval=8000)
default_hooks = dict(
    checkpoint=dict(interval=8000), pseudo_labels=dict(interval=8000)
)
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=8000, interval=8000)
]
