_base_ = './camvid_1over8.py'
train_dataloader = dict(
    dataset=dict(split_dir='data/camvid/splits/1over30/seed0')
)
