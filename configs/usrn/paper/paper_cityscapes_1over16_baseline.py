# Cityscapes 1/16: 186 labeled images, class branch alone. Stage 1 of the
# recipe.
_base_ = './_base_/cityscapes.py'
# 7,200 epochs of floor(186 / 4) = 46 iterations on 2 GPUs, 2 images each
max_iters = 331200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
optim_wrapper = dict(optimizer=dict(lr=0.02))  # twice that of VOC
train_dataloader = _base_.baseline_dataloader
train_dataloader.dataset.ann_file = '../splits/cityscapes/1over16/labeled.txt'
