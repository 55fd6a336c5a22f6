# As cityscapes_1over16_dinov2-s14.py with ViT-B/14.
_base_ = './cityscapes_1over16_dinov2-s14.py'
model = _base_.vit_b
