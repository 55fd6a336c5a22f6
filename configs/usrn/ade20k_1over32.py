# USRN on ADE20K with 1/32 of the masks: DeepLabV3+ with ResNet-50.
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/ade20k.py',
    '../_base_/schedules/sgd_80k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='USRN',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=150),
    auxiliary_head=dict(num_classes=150),
    # 2 per class; 8, the default, would be 1,200.
    num_subclasses=300,
)
train_dataloader = dict(dataset=dict(split_dir='data/splits/ade20k/1over32'))
