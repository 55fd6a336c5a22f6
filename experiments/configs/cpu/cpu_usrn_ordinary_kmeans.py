# USRN with subclasses of whatever size, by a module of tools/experiments.
_base_ = './cpu_usrn.py'
custom_imports = dict(imports=['mmseg_usrn', 'experiments.ordinary_kmeans'])
