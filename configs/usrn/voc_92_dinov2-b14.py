# As voc_92_dinov2-s14.py with ViT-B/14.
_base_ = './voc_92_dinov2-s14.py'
model = _base_.vit_b
