# 2,000 iterations, for small models on a CPU: optimiser and learning rate are
# those of the experiments (docs/experiments.md).
_base_ = './sgd_40k.py'
max_iters = 2000
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.01, weight_decay=0.01)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=50, by_epoch=False),
    dict(type='PolyLR', power=0.9, begin=50, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval=500)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=500))
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=500, interval=500)
]
