# USRN on COCO-Stuff 164k with 1/32 of the masks: DeepLabV3+ with ResNet-50.
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/coco_stuff164k.py',
    '../_base_/schedules/sgd_80k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='USRN',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=171),
    auxiliary_head=dict(num_classes=171),
    # 2 per class; 8, the default, would be 1,368.
    num_subclasses=342,
)
train_dataloader = dict(dataset=dict(split_dir='data/splits/coco/1over32'))
