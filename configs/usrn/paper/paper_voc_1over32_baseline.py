# VOC 1/32: 331 labeled images, class branch alone. Stage 1 of the recipe.
_base_ = './_base_/voc.py'
# 2,480 epochs of floor(331 / 8) = 41 iterations on 1 GPU, 8 images
max_iters = 101680
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
train_dataloader = _base_.baseline_dataloader
train_dataloader.dataset.ann_file = '../../splits/voc/1over32/labeled.txt'
