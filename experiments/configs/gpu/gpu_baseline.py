# The stock model on the labeled images alone.
_base_ = './gpu_protocol.py'
model = dict(type='EncoderDecoder')
train_dataloader = dict(
    dataset=dict(_delete_=True, **_base_.train_dataloader.dataset.labeled)
)
custom_hooks = []
