# A light DeepLabV3+ (output stride 16, 128 channels) with MobileNetV2.
_base_ = 'mmseg::_base_/models/deeplabv3plus_r50-d8.py'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(1, 2, 4, 6),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        in_channels=320,
        channels=128,
        dilations=(1, 6, 12, 18),  # the usual ones for output stride 16
        c1_in_channels=24,
        c1_channels=24,
    ),
    auxiliary_head=dict(in_channels=96, channels=64),
)
