# USRN, clustered again at an interval.
_base_ = './gpu_usrn.py'
custom_hooks = [dict(_base_.custom_hooks[0], interval=_base_.max_iters // 4)]
