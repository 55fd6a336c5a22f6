# The baseline with as many images an iteration as the others see, all labeled.
_base_ = './gpu_baseline.py'
train_dataloader = dict(batch_size=16)
auto_scale_lr = dict(base_batch_size=16)
