# USRN on VOC with 92 original masks: DPT with DINOv2's ViT-S/14.
_base_ = [
    '../_base_/datasets/voc_518.py',
    '../_base_/models/dpt_dinov2.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
)
train_dataloader = dict(
    dataset=dict(
        split_dir='data/splits/voc/92',
        labeled=dict(data_prefix=dict(seg_map_path='SegmentationClass')),
    )
)
