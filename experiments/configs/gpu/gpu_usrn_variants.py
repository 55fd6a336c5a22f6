# USRN with what newer recipes add; the grid names the segmentor.
_base_ = './gpu_usrn.py'
custom_imports = dict(imports=['mmseg_usrn', 'experiments.variants'])
