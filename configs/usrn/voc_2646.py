# 2,646 of the 10,582 images of VOC and SBD together (1/4, "blended").
_base_ = './voc_1over32.py'
# A subclass per cell of 16x16 pixels instead of 8x8: the features of all
# labeled images are kept for the clustering, 8 GB for this many at 8x8.
steps = _base_.train_dataloader.dataset.labeled.pipeline
train_dataloader = dict(
    dataset=dict(
        split_dir='data/splits/voc/2646',
        labeled=dict(
            pipeline=[
                *steps[:2],
                dict(type='AddCellMap', stride=16),
                *steps[3:],
            ]
        ),
    )
)
