# USRN on CamVid with 46 of 367 masks: DeepLabV3+ with MobileNetV2.
_base_ = [
    '../_base_/models/deeplabv3plus_mobilenetv2.py',
    '../_base_/datasets/camvid.py',
    '../_base_/schedules/sgd_40k.py',
    '../_base_/default_runtime.py',
]
# The weights expect RGB in [-1, 1].
data_preprocessor = dict(
    size=_base_.crop_size, mean=[127.5] * 3, std=[127.5] * 3
)
model = dict(
    type='USRN',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='data/weights/mobilenet_v2_imagenet.pth',
        )
    ),
    decode_head=dict(num_classes=11),
    auxiliary_head=dict(num_classes=11),
)
train_dataloader = dict(
    dataset=dict(split_dir='data/camvid/splits/1over8/seed0')
)
