_base_ = './coco_1over32.py'
splits = '../splits/coco/1over128/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
