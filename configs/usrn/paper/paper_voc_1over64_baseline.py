# VOC 1/64: 165 labeled images, class branch alone. Stage 1 of the recipe.
_base_ = './_base_/voc.py'
# 5,120 epochs of floor(165 / 8) = 20 iterations on 1 GPU, 8 images
max_iters = 102400
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
train_dataloader = _base_.baseline_dataloader
train_dataloader.dataset.ann_file = '../../splits/voc/1over64/labeled.txt'
