# The stock model on the labeled images alone: same budget, same augmentation.
_base_ = './demo.py'
_base_.model.pop('num_subclasses')  # a setting of USRN
model = dict(type='EncoderDecoder')
train_dataloader = dict(
    dataset=dict(_delete_=True, **_base_.train_dataloader.dataset.labeled)
)
custom_hooks = []
