_base_ = 'mmseg::_base_/default_runtime.py'
custom_imports = dict(imports=['mmseg_usrn'])
# Every process draws its own augmentation.
randomness = dict(seed=0, diff_rank_seed=True)
# The first process checks the data, which of a large set takes longer than
# the 10 minutes that the others wait by default.
env_cfg = dict(dist_cfg=dict(timeout=1800))
# Losses in the log are means over the last iterations, not single values.
log_processor = dict(window_size=50)
# What tools/test.py --tta does to each image: MMSegmentation's usual scales.
# Images and masks are loaded as in the pipeline of the test.
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale_factor=factor, keep_ratio=True)
                for factor in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
            ],
            [
                dict(type='RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='LoadAnnotations')],
            [dict(type='PackSegInputs')],
        ],
    ),
]
