# All 1,464 images with the original, high-quality masks; the images of SBD
# are unlabeled.
_base_ = './voc_1over32.py'
how_to_prepare = (
    'README.md, "Pascal VOC", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/voc/1464 --labeled '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt'
)
splits = '../../splits/voc/1464/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            ann_file=splits + 'labeled.txt',
            data_prefix=dict(seg_map_path='SegmentationClass'),
        ),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
