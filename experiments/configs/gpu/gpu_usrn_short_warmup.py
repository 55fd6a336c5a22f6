# USRN that learns from unlabeled images almost from the start: the subclasses
# follow the features at an interval.
_base_ = './gpu_usrn.py'
custom_hooks = [
    dict(
        _base_.custom_hooks[0],
        warmup_iters=_base_.max_iters // 15,
        interval=_base_.max_iters // 4,
    )
]
