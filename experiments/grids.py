"""Contenders, data sets and splits that are compared, and their runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

CONFIG = 'experiments/configs/experiment.py'
DATA = {
    'cpu': ('camvid',),
    'fields': ('camvid', 'leaves', 'roads'),
    'fields_gpu': ('camvid', 'leaves', 'roads'),
}
"""Data sets of every protocol."""
RARE_CLASSES = {
    'camvid': ('pole', 'sign', 'fence', 'pedestrian', 'bicyclist'),
    'leaves': ('symptom',),
    'roads': ('crack', 'pothole'),
}
"""Classes of each data set that have few pixels."""
MASKS = {
    'camvid': {'1over30': 12, '1over16': 23, '1over8': 46, 'all': 367},
    'leaves': {'1over30': 13, '1over16': 25, '1over8': 50, 'all': 400},
    'roads': {'1over30': 15, '1over16': 29, '1over8': 58, 'all': 464},
}
"""Labeled images of every split, fewest first."""
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Contender:
    """One way to train.

    Attributes:
        options: Settings that differ from the config, by dotted key.
        method: Row of the config's table ``method``.
        arguments: Further arguments of ``tools/train.py``.
        needs: Contender of the same data, split and seed whose last
            checkpoint is given as ``--feature-checkpoint``.
    """

    options: dict[str, object] = field(default_factory=dict)
    method: str = 'usrn'
    arguments: tuple[str, ...] = ()
    needs: str | None = None


MAIN = {
    'baseline': Contender(arguments=('--baseline',)),
    'self_training': Contender(method='self_training'),
    'mean_teacher': Contender(
        {'model.teacher_momentum': 0.01, 'model.threshold': 0.95},
        method='self_training',
    ),
    'baseline_adjusted': Contender(
        {'model.warmup_iters': 10**6, 'model.logit_adjustment': 0.25},
        method='self_training',
    ),
    'usrn': Contender(),
    'usrn_three_stages': Contender(needs='baseline'),
}
"""The contenders of the main tables."""
PAPER = {
    'model.teacher_momentum': None,
    'model.logit_adjustment': 0,
    'model.threshold': 0.75,
    'model.gate': 'entropy',
    'custom_hooks.0.interval': 500,
}
CONTENDERS = {
    **MAIN,
    'usrn_paper': Contender(PAPER),
    'usrn_no_adjustment': Contender({'model.logit_adjustment': 0}),
    'usrn_gate_entropy': Contender({'model.gate': 'entropy'}),
    'usrn_gate_always': Contender({'model.gate': 'always'}),
    'usrn_gate_never': Contender({'model.gate': 'never'}),
    'usrn_no_teacher': Contender({'model.teacher_momentum': None}),
    'usrn_reclustered': Contender({'custom_hooks.0.interval': 500}),
    'usrn_44_subclasses': Contender({'model.num_subclasses': 44}),
    'usrn_176_subclasses': Contender({'model.num_subclasses': 176}),
    'usrn_fork_after_3': Contender({'model.fork_after': 3}),
    'usrn_no_fork': Contender({'model.fork_after': None}),
    'usrn_three_stages_no_fork': Contender(
        {'model.fork_after': None}, needs='baseline'
    ),
}
"""All contenders; those after the main ones change one thing of ``usrn``."""
ADJUSTMENT = ('baseline_adjusted', 'usrn_no_adjustment')
"""Contenders where ``usrn`` has logit adjustment: in ``fields``."""


@dataclass(frozen=True)
class Run:
    """One training and its test.

    Attributes:
        protocol: Row of the config's table ``protocol``.
        data: Row of the config's table ``data_set``.
        split: Folder of the lists of labeled images, or ``'all'``.
        contender: Key of :data:`CONTENDERS`.
        seed: Seed of the split and of the training.
    """

    protocol: str
    data: str
    split: str
    contender: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the run in its protocol, and of its folder."""
        return f'{self.data}/{self.contender}/{self.split}_seed{self.seed}'

    @property
    def needs(self) -> 'Run | None':
        """The run whose checkpoint this one builds on."""
        contender = CONTENDERS[self.contender].needs
        return contender and replace(self, contender=contender)

    @property
    def environment(self) -> dict[str, str]:
        """Words that the config takes from the environment."""
        every = self.split == 'all'
        return {
            'PROTOCOL': self.protocol,
            'DATA': self.data,
            'SPLIT': 'all' if every else f'{self.split}/seed{self.seed}',
            'METHOD': CONTENDERS[self.contender].method,
        }

    @property
    def options(self) -> list[str]:
        """Values of ``--cfg-options``."""
        options = CONTENDERS[self.contender].options
        return [
            f'randomness.seed={self.seed}',
            *(f'{key}={value}' for key, value in options.items()),
        ]


def grid(protocol: str) -> Iterator[Run]:
    """All runs of a protocol, most important first.

    Args:
        protocol: Key of :data:`DATA`.
    """
    changed = CONTENDERS.keys() - MAIN.keys()
    blocks = [
        (['1over16'], MAIN),
        (['all'], ['baseline']),
        (['1over8', '1over30'], MAIN),
        (['1over16'], [name for name in CONTENDERS if name in changed]),
    ]
    left_out = () if protocol == 'fields' else ADJUSTMENT
    for splits, contenders in blocks:
        for split in splits:
            for seed in SEEDS:
                for data in DATA[protocol]:
                    for name in contenders:
                        if name not in left_out:
                            yield Run(protocol, data, split, name, seed)
