# The original's six runs: lists of subclasses and iterations. This is the only
# copy: each config takes its run by name, the checkpoint converter finds a
# list by its sum.

# Subclasses of every class, in the order of the classes (VOC: background
# first). Source: `split_list` in the original's code, picked there by the
# number of labeled images.
published_subclasses = dict(
    # 165 images, sum 201
    voc_1over64=[
        136,
        2,
        2,
        1,
        1,
        1,
        2,
        4,
        8,
        3,
        1,
        2,
        7,
        2,
        2,
        18,
        1,
        1,
        1,
        3,
        3,
    ],
    # 331 images, sum 177
    voc_1over32=[
        121,
        2,
        1,
        1,
        1,
        1,
        3,
        3,
        6,
        3,
        1,
        2,
        6,
        2,
        2,
        15,
        1,
        1,
        2,
        2,
        1,
    ],
    # 662 images, sum 190
    voc_1over16=[
        132,
        2,
        1,
        1,
        1,
        2,
        3,
        4,
        7,
        2,
        1,
        2,
        6,
        2,
        2,
        15,
        1,
        1,
        2,
        2,
        1,
    ],
    # 93 images, sum 111
    cityscapes_1over32=[
        38,
        6,
        22,
        1,
        2,
        2,
        1,
        1,
        17,
        2,
        5,
        1,
        1,
        7,
        1,
        1,
        1,
        1,
        1,
    ],
    # 186 images, sum 130
    cityscapes_1over16=[
        45,
        7,
        28,
        1,
        2,
        2,
        1,
        1,
        20,
        2,
        5,
        2,
        1,
        8,
        1,
        1,
        1,
        1,
        1,
    ],
    # 372 images, sum 124
    cityscapes_1over8=[
        42,
        7,
        26,
        1,
        2,
        2,
        1,
        1,
        19,
        2,
        5,
        2,
        1,
        8,
        1,
        1,
        1,
        1,
        1,
    ],
)
# Iterations of USRN and of its baseline: those that the original's epochs and
# batches yield on the number of GPUs that its configs name.
iterations = dict(
    # 5,120 epochs of floor(165 / 4) and of floor(165 / 8) iterations
    voc_1over64=(209920, 102400),
    # 2,480 epochs of floor(331 / 4) and of floor(331 / 8)
    voc_1over32=(203360, 101680),
    # 1,200 epochs of floor(662 / 4) and of floor(662 / 8); the original's own
    # file says 165 images, those of 1/64, by mistake
    voc_1over16=(198000, 98400),
    # 14,880 epochs of floor(93 / 1) and of floor(93 / 4)
    cityscapes_1over32=(1383840, 342240),
    # 7,200 epochs of floor(186 / 1) and of floor(186 / 4)
    cityscapes_1over16=(1339200, 331200),
    # 3,360 epochs of floor(372 / 1) and of floor(372 / 4)
    cityscapes_1over8=(1249920, 312480),
)
runs = {
    name: dict(
        train_cfg=dict(max_iters=usrn, val_interval=usrn // 80),
        param_scheduler=dict(end=usrn + 1),
        baseline=dict(
            train_cfg=dict(max_iters=stock, val_interval=stock // 80),
            param_scheduler=dict(end=stock + 1),
        ),
        model=dict(num_subclasses=sum(published_subclasses[name])),
        dataset=dict(split_dir=f'data/splits/{name.replace("_", "/")}'),
        hook=dict(
            type='SubclassReclusterHook',
            feature_checkpoint=f'work_dirs/paper_{name}_baseline/best.pth',
            subclasses_per_class=published_subclasses[name],
        ),
    )
    for name, (usrn, stock) in iterations.items()
}
