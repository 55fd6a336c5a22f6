# Self-training with a second strong view.
_base_ = './cpu_usrn_second_view.py'
model = dict(
    type='SelfTraining',
    warmup_iters=_base_.custom_hooks[0].warmup_iters,
    unsup_downsample=1,
)
custom_hooks = []
