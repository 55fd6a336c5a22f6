# USRN with what newer recipes add: grid or a config on top name the segmentor.
_base_ = './cpu_usrn.py'
custom_imports = dict(imports=['mmseg_usrn', 'experiments.variants'])
