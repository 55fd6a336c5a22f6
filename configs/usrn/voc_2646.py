# 2,646 of the 10,582 images of VOC and SBD together (1/4, "blended").
_base_ = './voc_1over32.py'
how_to_prepare = (
    'README.md, "Pascal VOC", shows the folders; the lists are made by: '
    'python tools/make_splits.py data/splits/voc/2646 --train '
    'data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt --masks '
    'data/VOCdevkit/VOC2012/SegmentationClassAug --num-classes 21 '
    '--count 2646; for a published list: --labeled LIST in place of '
    '--masks, --num-classes and --count'
)
splits = '../../splits/voc/2646/'
# A subclass per cell of 16x16 pixels instead of 8x8: the features of all
# labeled images are kept for the clustering, 8 GB for this many at 8x8.
steps = _base_.labeled.pipeline
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            ann_file=splits + 'labeled.txt',
            pipeline=[
                *steps[:2],
                dict(type='AddCellMap', stride=16),
                *steps[3:],
            ],
        ),
        unlabeled=dict(ann_file=splits + 'unlabeled.txt'),
    )
)
