# What all contenders of the GPU protocol share: the images of the CamVid
# recipe (480x360, crop 320), 8 + 8 of them.
# experiments/run.py sets split and seed.
_base_ = '../shared.py'
max_iters = 1500
train_dataloader = dict(batch_size=8, num_workers=2)
auto_scale_lr = dict(base_batch_size=8)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=max_iters,
        by_epoch=False,
    )
]
train_cfg = dict(max_iters=max_iters, val_interval=500)
default_hooks = dict(checkpoint=dict(interval=500, max_keep_ckpts=1))
custom_hooks = [
    dict(type='SubclassReclusterHook', warmup_iters=max_iters // 4)
]
env_cfg = dict(cudnn_benchmark=True)
# MMEngine makes a group of each parameter; fused, each is one launch.
optim_wrapper = dict(optimizer=dict(fused=True))
