# What all runs of the paper share: network, optimiser, schedule, evaluation,
# and how it labels unlabeled images. Data, split and number of iterations
# stand in each config.
_base_ = [
    '../../../_base_/schedules/sgd_40k.py',
    '../../../_base_/default_runtime.py',
]
norm_cfg = dict(type='SyncBN', requires_grad=True)
# ResNet-50 with output stride 16 and a multi-grid last stage, DeepLabV3+
# decoder. ResNet-101: model.backbone.depth=101 and
# model.backbone.init_cfg.checkpoint=torchvision://resnet101.
model = dict(
    type='USRN',
    # By the model itself, above a probability of 0.75, with a gate that does
    # not normalise again.
    threshold=0.75,
    gate='entropy',
    teacher_momentum=None,
    logit_adjustment=0,
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        # ImageNet's mean and deviation, times 255
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 3),
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        # Absolute dilations in MMSeg: the original's (1, 2, 4) times 2.
        multi_grid=(2, 4, 8),
        contract_dilation=False,
        norm_cfg=norm_cfg,
        norm_eval=False,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    decode_head=dict(
        type='DeepLabV3PlusHead',
        in_channels=2048,
        in_index=1,
        channels=256,
        dilations=(1, 6, 12, 18),
        c1_in_channels=256,
        c1_channels=48,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# The optimiser is that of sgd_40k.py, which is the paper's: weight decay on
# everything, norms and biases included, the whole backbone, forked stages
# included, at a tenth of the rate.
# lr(t) = lr * (1 - t / N) ** 0.9 after t of N iterations. MMEngine's PolyLR
# reaches 0 one step early, hence the end of N + 1.
param_scheduler = dict(
    _delete_=True, type='PolyLR', power=0.9, eta_min=0, by_epoch=False
)
# The original validates every epoch, 1,200 to 14,880 times a run; each config
# here does so 80 times, the last time at the end. The best checkpoint is what
# the original reports and clusters.
default_hooks = dict(checkpoint=dict(interval=2000, max_keep_ckpts=1))
# Whole images, reflected to a multiple of 8; the features that are clustered
# are made in the same way.
whole_image_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ReflectPad', divisor=8),
    dict(type='LoadAnnotations'),
    dict(
        type='PackSegInputs',
        meta_keys=(
            'img_path',
            'seg_map_path',
            'ori_shape',
            'img_shape',
            'pad_shape',
            'padding_size',
            'reduce_zero_label',
        ),
    ),
]
