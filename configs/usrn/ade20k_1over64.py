_base_ = './ade20k_1over32.py'
train_dataloader = dict(dataset=dict(split_dir='data/splits/ade20k/1over64'))
