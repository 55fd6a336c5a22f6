# 366 of the 1,464 images with the original, high-quality masks (1/4); all
# other training images, those of SBD included, are unlabeled.
_base_ = './voc_1464.py'
how_to_prepare = (
    'README.md, "Pascal VOC", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/voc/366 --labeled LIST --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt, where LIST '
    'names the 366 images: a published list, or one drawn by '
    'python tools/make_splits.py data/splits/voc/draw_366 --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt --masks '
    'data/VOCdevkit/VOC2012/SegmentationClass --num-classes 21 '
    '--count 366'
)
splits = '../../splits/voc/366/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
