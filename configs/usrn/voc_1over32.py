# USRN on Pascal VOC with 1/32 of the masks, in one run: DeepLabV3+ with
# ResNet-50. configs/usrn/paper/ has the paper's own three-stage recipe.
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/voc.py',
    '../_base_/schedules/sgd_40k.py',
    '../_base_/default_runtime.py',
]
data_preprocessor = dict(size=_base_.crop_size)
model = dict(
    type='USRN',
    data_preprocessor=data_preprocessor,
    decode_head=dict(num_classes=21),
    auxiliary_head=dict(num_classes=21),
)
train_dataloader = dict(dataset=dict(split_dir='data/splits/voc/1over32'))
