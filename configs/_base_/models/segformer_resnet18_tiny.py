# A quarter of ResNet-18 under SegFormer's head, 0.7 M parameters, without
# pretrained weights: made to train on a CPU in a minute.
_base_ = 'mmseg::_base_/models/segformer_mit-b0.py'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        base_channels=16,
        stem_channels=16,
        strides=(1, 2, 2, 1),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        in_channels=[16, 32, 64, 128],
        channels=32,
        loss_decode=dict(avg_non_ignore=True),
    ),
)
