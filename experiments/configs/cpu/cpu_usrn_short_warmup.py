# USRN that learns from unlabeled images almost from the start: the subclasses
# follow the features at an interval.
_base_ = './cpu_usrn.py'
custom_hooks = [dict(_base_.custom_hooks[0], warmup_iters=100, interval=400)]
