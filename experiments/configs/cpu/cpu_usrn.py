# USRN, with pseudo labels at the stride of the head, 4: at stride 8 a pole or
# a far pedestrian has no pixel of its own.
_base_ = './cpu_protocol.py'
model = dict(unsup_downsample=1)
