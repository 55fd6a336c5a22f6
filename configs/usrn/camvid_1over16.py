_base_ = './camvid_1over8.py'
train_dataloader = dict(
    dataset=dict(split_dir='data/camvid/splits/1over16/seed0')
)
