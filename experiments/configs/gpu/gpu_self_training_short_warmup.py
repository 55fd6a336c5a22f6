# Unlabeled images almost from the start.
_base_ = './gpu_self_training.py'
model = dict(warmup_iters=_base_.max_iters // 15)
