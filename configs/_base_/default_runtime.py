_base_ = 'mmseg::_base_/default_runtime.py'
custom_imports = dict(imports=['mmseg_usrn'])
randomness = dict(seed=0)
# Losses in the log are means over the last iterations, not single values.
log_processor = dict(window_size=50)
