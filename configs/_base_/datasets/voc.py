# Pascal VOC 2012 with the SBD masks: 10,582 training images, 1,449 for val.
_base_ = './folder.py'
data_root = 'data/VOCdevkit/VOC2012'
how_to_prepare = (
    'docs/datasets.md, "Pascal VOC", shows the folders and how each list is '
    'made; those of 1/32 by: python tools/make_splits.py '
    'data/splits/voc/1over32 --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt --masks '
    'data/VOCdevkit/VOC2012/SegmentationClassAug --num-classes 21 '
    '--fraction 1/32'
)
# The crop is the USRN paper's. Scales are MMSeg's for VOC, for that crop: the
# shorter side becomes 160 to 640 pixels.
crop_size = (320, 320)
scale = (2048, 320)
resize = dict(_base_.resize, scale=scale)
crop = dict(type='RandomCrop', crop_size=crop_size)
crop_unlabeled = [resize, crop]
crop_labeled = [resize, dict(crop, cat_max_ratio=0.75)]
test_pipeline = [
    *_base_.load_test,
    dict(type='Resize', scale=scale, keep_ratio=True),
    *_base_.end_test,
]
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            type='PascalVOCDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='JPEGImages', seg_map_path='SegmentationClassAug'
            ),
            pipeline=[
                *_base_.load_labeled,
                *crop_labeled,
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
            data_root=data_root,
            data_prefix=dict(img_path='JPEGImages'),
            pipeline=[
                *_base_.load_unlabeled,
                *crop_unlabeled,
                *_base_.end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClass'
        ),
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
