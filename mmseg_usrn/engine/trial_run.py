"""How long a training is going to take, from a few of its iterations."""

import tempfile
from statistics import median

from mmengine.config import Config

from mmseg_usrn.config_file import read_config

from .config_checks.listing import recluster_hooks
from .process_state import quiet
from .runner import QuietRunner, reason

WARMUP, MEASURED = 3, 3  # iterations before and after the clustering


def time_sentence(config: str) -> str:
    """The expected time, or why it is not known, in a sentence.

    Args:
        config: Config of the training.
    """
    try:
        return f'The training takes {expected_time(config)} on this machine.'
    except Exception as error:  # whatever a training can end with
        return (
            f'Note: these iterations have failed ({reason(error)}); the '
            'training is likely to fail as well.'
        )


def expected_time(config: str) -> str:
    """Train a few iterations, and say how long all of them take.

    Args:
        config: Config of the training.

    Returns:
        For example ``'about 40 minutes (0.9 s an iteration, 2000 of them)'``.
    """
    cfg = read_config(config)
    iters = cfg.train_cfg.max_iters
    warmup = _warmup(cfg)
    supervised, both = measure_iterations(cfg)
    seconds = warmup * supervised + (iters - warmup) * both
    minutes = max(round(seconds / 60), 1)
    time = (
        f'{minutes} minutes' if minutes < 90 else f'{minutes / 60:.1f} hours'
    )
    return f'about {time} ({both:.1f} s an iteration, {iters} of them)'


def measure_iterations(cfg: Config) -> tuple[float, float]:
    """Measure iterations of the warm-up, and of the time after it.

    Args:
        cfg: Config of a training; changed.

    Returns:
        Seconds of an iteration of each kind.
    """
    with quiet(), tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        cfg.train_cfg.max_iters = WARMUP + MEASURED
        for part in ('val', 'test'):
            for entry in ('cfg', 'dataloader', 'evaluator'):
                cfg[f'{part}_{entry}'] = None
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.default_hooks.pop('checkpoint', None)
        cfg.default_hooks.checkpoint = None
        for hook in recluster_hooks(cfg):
            hook.update(warmup_iters=WARMUP, interval=None, num_workers=0)
        runner = QuietRunner.from_cfg(cfg)
        runner.train()
        times, _ = runner.message_hub.get_scalar('train/time').data
    # The first iteration of a kind sets things up.
    return median(times[1:WARMUP]), median(times[WARMUP + 1 :])


def _warmup(cfg: Config) -> int:
    hooks = recluster_hooks(cfg)
    return hooks[0]['warmup_iters'] if hooks else 0
