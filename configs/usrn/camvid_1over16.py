_base_ = './camvid_1over8.py'
splits = 'splits/1over16/seed0/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
