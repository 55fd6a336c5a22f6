_base_ = './cityscapes_1over32.py'
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over16')
)
