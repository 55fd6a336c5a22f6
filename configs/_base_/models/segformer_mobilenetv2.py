# MobileNetV2 under SegFormer's head: 2 M parameters, which learn in few
# iterations, for a CPU. Without pretrained weights; a file of them goes into
# backbone.init_cfg (new_dataset.py --weights).
_base_ = './deeplabv3plus_mobilenetv2.py'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(strides=(1, 2, 2, 2, 1, 2, 1), dilations=(1,) * 7),
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[24, 32, 96, 320],
        in_index=[0, 1, 2, 3],
        channels=96,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=False,
        dropout_ratio=0.1,
        loss_decode=dict(type='CrossEntropyLoss'),
    ),
    auxiliary_head=dict(channels=32),
)
