# Cityscapes, fine annotations: 2,975 training images, 500 for val.
_base_ = './folder.py'
how_to_prepare = (
    'docs/datasets.md, "Cityscapes", shows the folders and how each list is '
    'made; those of 1/32 by: python tools/make_splits.py '
    'data/splits/cityscapes/1over32 --train data/cityscapes/leftImg8bit/train '
    '--img-suffix _leftImg8bit.png --masks data/cityscapes/gtFine/train '
    '--mask-suffix _gtFine_labelTrainIds.png --num-classes 19 --fraction 1/32'
)
data_root = 'data/cityscapes'
# The crop is the USRN paper's, the scales are MMSeg's for Cityscapes.
crop_size = (720, 720)
scale = (2048, 1024)
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
    batch_size=2,
    dataset=dict(
        labeled=dict(
            type='CityscapesDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='leftImg8bit/train', seg_map_path='gtFine/train'
            ),
            pipeline=[
                *_base_.load_labeled,
                *crop_labeled,
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
            data_root=data_root,
            data_prefix=dict(img_path='leftImg8bit/train'),
            img_suffix='_leftImg8bit.png',
            pipeline=[
                *_base_.load_unlabeled,
                *crop_unlabeled,
                *_base_.end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    ),
)
# Global batch of the USRN paper: 4 labeled and 4 unlabeled images.
auto_scale_lr = dict(base_batch_size=4)
val_dataloader = dict(
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val'
        ),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
