# USRN with the labels of the paper, reclustered.
_base_ = [
    './cpu_usrn_reclustered.py',
    '../../../configs/usrn/paper/_base_/usrn.py',
]
model = dict(**_base_.usrn)
