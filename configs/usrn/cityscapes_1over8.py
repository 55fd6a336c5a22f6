_base_ = './cityscapes_1over32.py'
splits = '../splits/cityscapes/1over8/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
