# The config of every experiment. Four words of the environment choose:
# PROTOCOL and DATA a row of the tables below, SPLIT the labeled images,
# METHOD the segmentor. `python -m experiments.run` sets them.
_base_ = [
    '../../configs/_base_/models/deeplabv3plus_mobilenetv2.py',
    '../../configs/_base_/datasets/folder.py',
    '../../configs/_base_/schedules/sgd_40k.py',
    '../../configs/_base_/default_runtime.py',
]
data = '{{$DATA:camvid}}'
data_dir = '{{$USRN_DATA:../shared/data}}'  # of all data sets, and of weights
split = '{{$SPLIT:1over16/seed0}}'  # below splits/, or 'all'
how_to_prepare = f'put {data} into {data_dir}, or name its parent by USRN_DATA'

# How the images are trained on, and for how long.
protocol = dict(
    # The rows of `camvid` on CPUs. At half their size images still fill a
    # crop, so none is padded.
    cpu=dict(
        weights='mobilenet_v2_imagenet',
        zoom=0.75,  # of the images, before the range
        zoom_range=(0.5, 1.33),
        crop=128,
        batch_size=4,  # labeled images, and as many unlabeled ones
        lr=0.01,
        max_iters=1500,
        warmup_iters=500,
        val_interval=250,
        logit_adjustment=0,
    ),
    # Three data sets, from intact weights, at half their size.
    fields=dict(
        weights='mobilenet_v2_float32',
        zoom=0.5,
        zoom_range=(0.5, 1.33),
        crop=128,
        batch_size=4,
        lr=0.003,
        max_iters=1500,
        warmup_iters=500,
        val_interval=1500,
        logit_adjustment=0.25,
    ),
    # The rows of all three at full size, on a GPU, at the rate of `fields`;
    # with all masks instead of 1/16 the rare classes gain.
    fields_gpu=dict(
        weights='mobilenet_v2_float32',
        zoom=1,
        zoom_range=(0.5, 2.0),
        crop=256,
        batch_size=8,
        lr=0.003,
        max_iters=1500,
        warmup_iters=375,
        val_interval=1500,
        logit_adjustment=0,
    ),
    # Short runs on `leaves` at half their size: which images to label next.
    labelling=dict(
        weights='mobilenet_v2_float32',
        zoom=0.5,
        zoom_range=(1.0, 1.5),
        crop=128,
        batch_size=4,
        lr=0.01,
        max_iters=300,
        warmup_iters=150,
        val_interval=300,
        logit_adjustment=0,
    ),
)['{{$PROTOCOL:cpu}}']
on_gpu = '{{$PROTOCOL:cpu}}'.endswith('gpu')

# Classes, size of the images, and which images of `val` are looked at.
data_set = dict(
    camvid=dict(
        classes=(
            'sky',
            'building',
            'pole',
            'road',
            'pavement',
            'tree',
            'sign',
            'fence',
            'car',
            'pedestrian',
            'bicyclist',
        ),
        size=(480, 360),
        val=list(range(0, 101, 3)),
    ),
    leaves=dict(
        classes=('background', 'leaf', 'symptom'),
        size=(512, 256),
        val=list(range(50)),
    ),
    roads=dict(
        classes=('off road', 'road', 'crack', 'pothole'),
        size=(512, 320),
        val=list(range(0, 89, 2)),
    ),
)[data]
classes = data_set['classes']
scale = tuple(int(protocol['zoom'] * side) for side in data_set['size'])
crop_size = (protocol['crop'],) * 2

# What the weights expect of RGB images.
mean, std = dict(
    mobilenet_v2_float32=((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    mobilenet_v2_imagenet=([127.5] * 3, [127.5] * 3),  # 8 bit: [-1, 1]
)[protocol['weights']]

method = dict(
    usrn=dict(type='USRN', logit_adjustment=protocol['logit_adjustment']),
    self_training=dict(
        type='SelfTraining', warmup_iters=protocol['warmup_iters']
    ),
)['{{$METHOD:usrn}}']
model = dict(
    **method,
    data_preprocessor=dict(size=crop_size, mean=mean, std=std),
    # Stride 32, as the head wants it. Head and learning rate were chosen for
    # the baseline with every mask of camvid, on val.
    backbone=dict(
        strides=(1, 2, 2, 2, 1, 2, 1),
        dilations=(1,) * 7,
        init_cfg=dict(
            type='Pretrained',
            checkpoint=f'{data_dir}/weights/{protocol["weights"]}.pth',
        ),
    ),
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[24, 32, 96, 320],
        in_index=[0, 1, 2, 3],
        channels=96,
        num_classes=len(classes),
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=False,
        dropout_ratio=0.1,
        loss_decode=dict(type='CrossEntropyLoss'),
    ),
    auxiliary_head=dict(channels=32, num_classes=len(classes)),
    # Labels at the stride of the head, 4: thin objects have pixels there.
    unsup_downsample=1,
)

resize = dict(_base_.resize, scale=scale, ratio_range=protocol['zoom_range'])
crop = dict(type='RandomCrop', crop_size=crop_size)
test_pipeline = [
    *_base_.load_test,
    dict(type='Resize', scale=scale, keep_ratio=True),
    *_base_.end_test,  # masks are not resized: the size of the images counts
]
folders = {
    part: dict(
        metainfo=dict(classes=classes),
        data_root=f'{data_dir}/{data}',
        data_prefix=dict(
            img_path=f'img_dir/{part}', seg_map_path=f'ann_dir/{part}'
        ),
    )
    for part in ('train', 'val', 'test')
}
# On a CPU one thread and one process a run: it loads the images itself.
workers = dict(num_workers=int(on_gpu), persistent_workers=on_gpu)
train_dataloader = dict(
    batch_size=protocol['batch_size'],
    dataset=dict(
        split_dir=None
        if split == 'all'
        else f'{data_dir}/{data}/splits/{split}',
        labeled=dict(
            folders['train'],
            pipeline=[
                *_base_.load_labeled,
                resize,
                dict(crop, cat_max_ratio=0.75),
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
            data_root=f'{data_dir}/{data}',
            data_prefix=dict(img_path='img_dir/train'),
            pipeline=[
                *_base_.load_unlabeled,
                resize,
                crop,
                *_base_.end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    ),
    **workers,
)
auto_scale_lr = dict(base_batch_size=protocol['batch_size'])
val_dataloader = dict(
    dataset=dict(
        folders['val'],
        pipeline=test_pipeline,
        indices=None if on_gpu else data_set['val'],
    ),
    **workers,
)
test_dataloader = dict(
    dataset=dict(folders['test'], pipeline=test_pipeline), **workers
)

# Fused, AdamW is one launch for each group of parameters on a GPU.
adamw = dict(type='AdamW', lr=protocol['lr'], weight_decay=0.01)
optimizer = dict(adamw, fused=True) if on_gpu else adamw
optim_wrapper = dict(optimizer=dict(optimizer, _delete_=True))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=protocol['max_iters'],
        by_epoch=False,
    )
]
train_cfg = dict(
    max_iters=protocol['max_iters'], val_interval=protocol['val_interval']
)
# The last checkpoint is tested.
default_hooks = dict(
    checkpoint=dict(
        interval=protocol['val_interval'], max_keep_ckpts=1, save_best=None
    )
)
warmup = dict(
    type='SubclassReclusterHook',
    warmup_iters=protocol['warmup_iters'],
    num_workers=int(on_gpu),
)
custom_hooks = [warmup] if method['type'] == 'USRN' else []
# One process a run: the order of the images follows from the seed alone.
randomness = dict(diff_rank_seed=False)
