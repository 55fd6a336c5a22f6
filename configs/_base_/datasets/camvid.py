# CamVid, the 11 classes and 480x360 images of SegNet: 367 / 101 / 233 images.
_base_ = './folder.py'
how_to_prepare = (
    'docs/datasets.md, "CamVid", shows the folders and where the images and '
    'weights come from'
)
data_root = 'data/camvid'
metainfo = dict(
    classes=(
        'sky',
        'building',
        'pole',
        'road',
        'pavement',
        'tree',
        'sign',
        'fence',
        'car',
        'pedestrian',
        'bicyclist',
    ),
    palette=[
        [128, 128, 128],
        [128, 0, 0],
        [192, 192, 128],
        [128, 64, 128],
        [60, 40, 222],
        [128, 128, 0],
        [192, 128, 128],
        [64, 64, 128],
        [64, 0, 128],
        [64, 64, 0],
        [0, 128, 192],
    ],
)
# The size of the images; the crop is that of the other recipes.
scale = (480, 360)
crop_size = (320, 320)
resize = dict(_base_.resize, scale=scale)
crop = dict(type='RandomCrop', crop_size=crop_size)
crop_unlabeled = [resize, crop]
crop_labeled = [resize, dict(crop, cat_max_ratio=0.75)]
test_pipeline = [
    *_base_.load_test,
    dict(type='Resize', scale=scale, keep_ratio=True),
    *_base_.end_test,
]
dataset = dict(type='BaseSegDataset', metainfo=metainfo, data_root=data_root)
train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        labeled=dict(
            **dataset,
            data_prefix=dict(
                img_path='img_dir/train', seg_map_path='ann_dir/train'
            ),
            pipeline=[
                *_base_.load_labeled,
                *crop_labeled,
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
            data_root=data_root,
            data_prefix=dict(img_path='img_dir/train'),
            pipeline=[
                *_base_.load_unlabeled,
                *crop_unlabeled,
                *_base_.end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    num_workers=2,
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='img_dir/test', seg_map_path='ann_dir/test'),
        pipeline=test_pipeline,
    ),
)
