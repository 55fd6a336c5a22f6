# 1,323 of the 10,582 images of VOC and SBD together (1/8, "blended").
_base_ = './voc_1over32.py'
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1323'))
