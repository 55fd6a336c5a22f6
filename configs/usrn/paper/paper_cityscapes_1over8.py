# Cityscapes 1/8: 372 labeled images. The paper's three stages are run by
# tools/three_stages.sh: this config's baseline, clustering its features, USRN
# again from ImageNet weights.
_base_ = ['./_base_/cityscapes.py', './_base_/runs.py']
run = _base_.runs.cityscapes_1over8
model = run.model
train_cfg = run.train_cfg
param_scheduler = run.param_scheduler
baseline = run.baseline
train_dataloader = dict(dataset=run.dataset)
custom_hooks = [run.hook]
