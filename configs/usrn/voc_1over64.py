_base_ = './voc_1over32.py'
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over64'))
