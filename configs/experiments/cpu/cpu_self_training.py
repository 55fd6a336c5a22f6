# The same views and warm-up with the class branch only.
_base_ = './cpu_usrn.py'
model = dict(
    type='SelfTraining', warmup_iters=_base_.custom_hooks[0].warmup_iters
)
custom_hooks = []
