# Unlabeled images almost from the start.
_base_ = './cpu_self_training.py'
model = dict(warmup_iters=100)
