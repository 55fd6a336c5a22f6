# The baseline, judged by (and kept as) the moving average of its weights.
_base_ = './cpu_baseline.py'
custom_hooks = [dict(type='EMAHook', momentum=0.01, update_buffers=True)]
