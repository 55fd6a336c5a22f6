# USRN on VOC with 92 original masks: SegFormer with MiT-B2.
_base_ = [
    '../_base_/datasets/voc_518.py',
    '../_base_/models/segformer_mit-b2.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py',
]
# SegFormer's rates; UniMatch V2 has none for it.
optim_wrapper = dict(
    optimizer=dict(lr=6e-4),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}),
)
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
