# The schedule of UniMatch V2 (TPAMI 2025) for VOC: AdamW, 5e-6 for the encoder
# and 40 times as much for the head, poly to 0. Its 60 epochs of 10,490
# unlabeled images in batches of 16 are 39,300 iterations.
_base_ = './sgd_40k.py'
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='AdamW',
        lr=2e-4,
        betas=(0.9, 0.999),
        weight_decay=0.01,
    ),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=1 / 40)}),
)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=0.9,
        begin=0,
        end=40000,
        by_epoch=False,
    )
]
