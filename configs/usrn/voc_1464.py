# All 1,464 images with the original, high-quality masks; the images of SBD
# are unlabeled.
_base_ = './voc_1over32.py'
train_dataloader = dict(
    dataset=dict(
        split_dir='data/splits/voc/1464',
        labeled=dict(data_prefix=dict(seg_map_path='SegmentationClass')),
    )
)
