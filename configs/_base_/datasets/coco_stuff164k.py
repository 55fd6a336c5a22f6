# COCO-Stuff 164k, 171 classes: 118,287 training images, 5,000 for val. Folders
# and augmentation are MMSeg's (mmseg::_base_/datasets/coco-stuff164k.py).
# Papers that report 81 classes use other masks of the same images.
_base_ = './folder.py'
how_to_prepare = (
    'the folders are those of MMSeg ("Prepare datasets" in its docs); the '
    'lists are made by: python tools/make_splits.py data/splits/coco/1over32 '
    '--train data/coco_stuff164k/images/train2017 --masks '
    'data/coco_stuff164k/annotations/train2017 --mask-suffix '
    '_labelTrainIds.png --num-classes 171 --fraction 1/32'
)
data_root = 'data/coco_stuff164k'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            type='COCOStuffDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/train2017',
                seg_map_path='annotations/train2017',
            ),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                # The features of all labeled images are kept for the
                # clustering: 5 GB for 1/32 of them, 18 GB at stride 8.
                dict(type='AddCellMap', stride=16),
                _base_.resize,
                dict(
                    type='RandomCrop',
                    crop_size=_base_.crop_size,
                    cat_max_ratio=0.75,
                ),
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
            data_root=data_root,
            data_prefix=dict(img_path='images/train2017'),
        ),
    )
)
val_dataloader = dict(
    dataset=dict(
        type='COCOStuffDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='images/val2017', seg_map_path='annotations/val2017'
        ),
    )
)
test_dataloader = val_dataloader
