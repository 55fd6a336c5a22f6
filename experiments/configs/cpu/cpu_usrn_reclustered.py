# USRN, clustered again at an interval.
_base_ = './cpu_usrn.py'
custom_hooks = [dict(_base_.custom_hooks[0], interval=500)]
