# USRN on Cityscapes with 1/32 of the masks, in one run: DeepLabV3+ with
# ResNet-50. configs/usrn/paper/ has the paper's own three-stage recipe.
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/schedules/sgd_40k.py',
    '../_base_/default_runtime.py',
]
data_preprocessor = dict(size=_base_.crop_size)
model = dict(type='USRN', data_preprocessor=data_preprocessor)
# The USRN paper's rate for Cityscapes.
optim_wrapper = dict(optimizer=dict(lr=0.02))
train_dataloader = dict(
    dataset=dict(split_dir='data/splits/cityscapes/1over32')
)
