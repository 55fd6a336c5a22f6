"""A small backbone of every family that has a fork rule."""

import mmpretrain.models  # noqa: F401  (registers its backbones)

BN = dict(type='BN')
RESNET = dict(depth=18, base_channels=8, stem_channels=8, norm_cfg=BN)
HR_STAGE = dict(block='BASIC', num_modules=1)
PLAIN = dict(
    img_size=64, embed_dims=16, num_layers=4, num_heads=2, out_indices=(1, 3)
)

FAMILIES = {
    'resnet': dict(type='ResNet', **RESNET),
    'resnet_v1c': dict(type='ResNetV1c', **RESNET),
    'resnet_v1d': dict(type='ResNetV1d', **RESNET),
    'resnext': dict(
        type='ResNeXt', **dict(RESNET, depth=50), groups=4, base_width=4
    ),
    'resnest': dict(
        type='ResNeSt', **dict(RESNET, depth=50), reduction_factor=4
    ),
    'mobilenet_v2': dict(type='MobileNetV2', widen_factor=0.25),
    'mobilenet_v3': dict(type='MobileNetV3', arch='small'),
    'mit': dict(
        type='MixVisionTransformer',
        embed_dims=8,
        num_layers=(1, 2, 1, 1),
        num_heads=(1, 2, 2, 2),
    ),
    'swin': dict(
        type='SwinTransformer',
        pretrain_img_size=64,
        use_abs_pos_embed=True,
        embed_dims=8,
        depths=(1, 2, 1, 1),
        num_heads=(1, 2, 2, 2),
        window_size=4,
        drop_path_rate=0.0,
    ),
    'mmpretrain_swin': dict(
        type='mmpretrain.SwinTransformer',
        arch=dict(embed_dims=8, depths=[1, 2, 1, 1], num_heads=[1, 2, 2, 2]),
        img_size=64,
        window_size=4,
        pad_small_map=True,
        out_indices=(0, 1, 2, 3),
        drop_path_rate=0.0,
    ),
    'convnext': dict(
        type='mmpretrain.ConvNeXt',
        arch=dict(depths=[1, 2, 1, 1], channels=[8, 16, 24, 32]),
        out_indices=(0, 1, 2, 3),
        gap_before_final_norm=False,
    ),
    'poolformer': dict(
        type='mmpretrain.PoolFormer',
        arch=dict(layers=[1, 2, 1, 1], embed_dims=[8, 16, 24, 32]),
        out_indices=(0, 2, 4, 6),
    ),
    'pcpvt': dict(
        type='PCPVT',
        embed_dims=(8, 16, 24, 32),
        num_heads=(1, 2, 2, 2),
        depths=(1, 2, 1, 1),
        norm_after_stage=True,
        drop_path_rate=0.0,
    ),
    'svt': dict(
        type='SVT',
        embed_dims=(8, 16, 24, 32),
        num_heads=(1, 2, 2, 2),
        depths=(2, 2, 2, 2),
        mlp_ratios=(2, 2, 2, 2),
        patch_sizes=(4, 2, 2, 2),
        strides=(4, 2, 2, 2),
        sr_ratios=(4, 2, 1, 1),
        windiow_sizes=(2, 2, 2, 2),
        drop_path_rate=0.0,
    ),
    'mscan': dict(
        type='MSCAN',
        embed_dims=(8, 16, 24, 32),
        depths=(1, 2, 1, 1),
        drop_path_rate=0.0,
        norm_cfg=BN,
    ),
    'hrnet': dict(
        type='HRNet',
        norm_cfg=BN,
        extra=dict(
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block='BOTTLENECK',
                num_blocks=(1,),
                num_channels=(64,),
            ),
            stage2=dict(
                HR_STAGE,
                num_branches=2,
                num_blocks=(1, 1),
                num_channels=(8, 16),
            ),
            stage3=dict(
                HR_STAGE,
                num_branches=3,
                num_blocks=(1, 1, 1),
                num_channels=(8, 16, 32),
            ),
            stage4=dict(
                HR_STAGE,
                num_branches=4,
                num_blocks=(1, 1, 1, 1),
                num_channels=(8, 16, 32, 64),
            ),
        ),
    ),
    'vit': dict(type='VisionTransformer', **PLAIN),
    'beit': dict(type='BEiT', **PLAIN, drop_path_rate=0.0),
    'mae': dict(type='MAE', **PLAIN, drop_path_rate=0.0),
    'dinov2_dpt': dict(
        type='DINOv2',
        arch=dict(
            embed_dims=16,
            num_layers=4,
            num_heads=2,
            feedforward_channels=32,
        ),
        img_size=56,
        layer_scale_init_value=1.0,
        out_indices=(1, 3),
    ),
    'dinov2': dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=16,
            num_layers=4,
            num_heads=2,
            feedforward_channels=32,
        ),
        img_size=64,
        patch_size=16,
        layer_scale_init_value=1.0,
        out_type='featmap',
        out_indices=(1, 3),
    ),
    'unet': dict(type='UNet', base_channels=4, norm_cfg=BN),
    'erfnet': dict(type='ERFNet', norm_cfg=BN, dropout_ratio=0.0),
    'cgnet': dict(
        type='CGNet',
        norm_cfg=BN,
        num_channels=(8, 16, 32),
        num_blocks=(2, 2),
        reductions=(4, 4),
    ),
    'fast_scnn': dict(type='FastSCNN', norm_cfg=BN),
    'icnet': dict(
        type='ICNet',
        backbone_cfg=dict(type='ResNetV1c', **RESNET),
        layer_channels=(16, 64),
        light_branch_middle_channels=8,
        psp_out_channels=16,
        out_channels=(8, 16, 16),
        norm_cfg=BN,
    ),
    'bisenet_v1': dict(
        type='BiSeNetV1',
        backbone_cfg=dict(type='ResNet', **RESNET),
        spatial_channels=(8, 8, 8, 16),
        context_channels=(16, 32, 64),
        out_channels=16,
        norm_cfg=BN,
    ),
    'bisenet_v2': dict(
        type='BiSeNetV2',
        detail_channels=(8, 8, 16),
        semantic_channels=(8, 8, 8, 16),
        bga_channels=16,
        norm_cfg=BN,
    ),
    'stdc': dict(
        type='STDCNet',
        stdc_type='STDCNet1',
        in_channels=3,
        channels=(8, 16, 32, 32, 32),
        bottleneck_type='cat',
        norm_cfg=BN,
        act_cfg=dict(type='ReLU'),
    ),
    'stdc_context': dict(
        type='STDCContextPathNet',
        backbone_cfg=dict(
            type='STDCNet',
            stdc_type='STDCNet1',
            in_channels=3,
            channels=(8, 16, 32, 32, 32),
            bottleneck_type='cat',
            norm_cfg=BN,
            act_cfg=dict(type='ReLU'),
        ),
        last_in_channels=(32, 32),
        out_channels=16,
        ffm_cfg=dict(in_channels=48, out_channels=16, scale_factor=4),
        norm_cfg=BN,
    ),
    'ddrnet': dict(type='DDRNet', channels=8, ppm_channels=8, norm_cfg=BN),
    'pidnet': dict(type='PIDNet', channels=8, ppm_channels=8, norm_cfg=BN),
}
# All families together take a minute.
