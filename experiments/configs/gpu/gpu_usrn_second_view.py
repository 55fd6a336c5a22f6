# USRN with a second strong view.
_base_ = './gpu_usrn.py'
pipeline = _base_.train_dataloader.dataset.unlabeled.pipeline
train_dataloader = dict(
    dataset=dict(
        unlabeled=dict(
            pipeline=[
                *pipeline[:-1],
                dict(pipeline[-1], unsup_strong2=pipeline[-1].unsup_strong),
            ]
        )
    )
)
