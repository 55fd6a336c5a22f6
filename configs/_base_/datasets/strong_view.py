# What the strong view of an unlabeled image adds to the weak one, in this
# order: the augmentation of the USRN paper's code.
strong_view = [
    dict(
        type='RandomApply',
        transforms=[dict(type='GaussianBlur', kernel_size=5)],
        prob=0.5,
    ),
    dict(
        type='RandomApply',
        transforms=[
            dict(
                type='ColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.4,
                hue=0.1,
            )
        ],
        prob=0.8,
    ),
    dict(
        type='RandomGrayscale',
        prob=0.2,
        keep_channels=True,
        channel_weights=(0.114, 0.587, 0.299),  # luma, of BGR
    ),
]
