# The stock model on the labeled images alone: same budget, same augmentation.
_base_ = [
    '../_base_/models/segformer_resnet18_tiny.py',
    '../_base_/datasets/demo_images.py',
    '../_base_/schedules/adamw_1k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=6),
)
train_dataloader = dict(
    dataset=dict(_delete_=True, **_base_.train_dataloader.dataset.labeled)
)
