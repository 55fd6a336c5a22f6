# VOC 1/16: 662 labeled images, class branch alone. Stage 1 of the recipe. The
# original's own file says 165 images, those of 1/64, by mistake.
_base_ = './_base_/voc.py'
# 1,200 epochs of floor(662 / 8) = 82 iterations on 1 GPU, 8 images
max_iters = 98400
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 80)
param_scheduler = dict(end=max_iters + 1)
train_dataloader = _base_.baseline_dataloader
train_dataloader.dataset.ann_file = '../../splits/voc/1over16/labeled.txt'
