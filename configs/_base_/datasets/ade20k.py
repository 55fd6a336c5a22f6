# ADE20K (SceneParsing), 150 classes: 20,210 training images, 2,000 for val.
# Folders and augmentation are MMSeg's (mmseg::_base_/datasets/ade20k.py).
_base_ = './folder.py'
how_to_prepare = (
    'the folders are those of MMSeg ("Prepare datasets" in its docs); the '
    'lists are made by: python tools/make_splits.py '
    'data/splits/ade20k/1over32 --train '
    'data/ade/ADEChallengeData2016/images/training --masks '
    'data/ade/ADEChallengeData2016/annotations/training --fraction 1/32 '
    '(1/256 and less: without --masks, for so few images cannot have every '
    'class)'
)
data_root = 'data/ade/ADEChallengeData2016'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            type='ADE20KDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/training', seg_map_path='annotations/training'
            ),
        ),
        unlabeled=dict(
            data_root=data_root,
            data_prefix=dict(img_path='images/training'),
        ),
    )
)
val_dataloader = dict(
    dataset=dict(
        type='ADE20KDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='images/validation', seg_map_path='annotations/validation'
        ),
    )
)
test_dataloader = val_dataloader
