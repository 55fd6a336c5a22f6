# 366 of the 1,464 images with the original, high-quality masks (1/4); all
# other training images, those of SBD included, are unlabeled.
_base_ = './voc_1464.py'
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/366'))
