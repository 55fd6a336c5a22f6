# The views, labels and warm-up of USRN with the class branch only.
_base_ = './cpu_protocol.py'
model = dict(
    type='SelfTraining',
    warmup_iters=_base_.custom_hooks[0].warmup_iters,
    unsup_downsample=1,
)
custom_hooks = []
