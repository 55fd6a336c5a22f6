_base_ = './coco_1over32.py'
train_dataloader = dict(dataset=dict(split_dir='data/splits/coco/1over256'))
