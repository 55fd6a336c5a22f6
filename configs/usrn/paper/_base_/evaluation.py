# Whole images, reflected to a multiple of 8; the features that are clustered
# are made in the same way.
test_pipeline = [
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
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
