# DINOv2's ViT-S/14 under DPT's head, in the sizes of UniMatch V2 (TPAMI 2025).
_base_ = 'mmseg::_base_/models/dpt_vit-b16.py'
weights = 'https://mmassets.onedl.ai/mmpretrain/v1.0/dinov2/'
model = dict(
    type='USRN',
    # Whole images are padded to whole patches.
    data_preprocessor=dict(test_cfg=dict(size_divisor=14)),
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='DINOv2',
        arch='dinov2-small',
        init_cfg=dict(
            type='Pretrained',
            checkpoint=f'{weights}vit-small-p14_dinov2-pre_3rdparty_'
            '20230426-5641ca5a.pth',
            prefix='backbone.',
        ),
    ),
    decode_head=dict(
        in_channels=(384, 384, 384, 384),
        embed_dims=384,
        channels=64,
        post_process_channels=[48, 96, 192, 384],
        readout_type='ignore',
        norm_cfg=None,
    ),
    # A quarter of the 12 blocks, as the first of a ResNet's four stages.
    fork_after=3,
    # From 14/8 pixels, the head's stride, to 7; the paper's is 8.
    unsup_downsample=4,
    teacher_momentum=0.004,  # UniMatch V2's
)
# The same with ViT-B/14, for recipes to merge.
vit_b = dict(
    backbone=dict(
        arch='base',
        init_cfg=dict(
            checkpoint=f'{weights}vit-base-p14_dinov2-pre_3rdparty_'
            '20230426-ba246503.pth'
        ),
    ),
    decode_head=dict(
        in_channels=(768, 768, 768, 768),
        embed_dims=768,
        channels=128,
        post_process_channels=[96, 192, 384, 768],
    ),
)
