# 662 of the 10,582 images of VOC and SBD together (1/16, "blended").
_base_ = './voc_1over32.py'
how_to_prepare = (
    'README.md, "Pascal VOC", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/voc/662 --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt --masks '
    'data/VOCdevkit/VOC2012/SegmentationClassAug --num-classes 21 '
    '--count 662; for a published list: --labeled LIST in place of '
    '--masks, --num-classes and --count'
)
splits = '../../splits/voc/662/'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=splits + 'labeled.txt'),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
