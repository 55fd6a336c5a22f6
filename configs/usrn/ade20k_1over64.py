_base_ = './ade20k_1over32.py'
splits = '../../splits/ade20k/1over64/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
