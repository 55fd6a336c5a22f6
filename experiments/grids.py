"""What is compared: contenders, splits and seeds, most important first."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

RARE_CLASSES = ('pole', 'sign', 'fence', 'pedestrian', 'bicyclist')
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Contender:
    """One row of the results.

    Attributes:
        config: File name in ``experiments/configs/<protocol>``, without the
            protocol that it begins with.
        options: Settings that differ from the config, by dotted key.
        needs: Contender of the same split and seed whose last checkpoint
            replaces ``{checkpoint}`` in the options.
    """

    config: str
    options: dict[str, object] = field(default_factory=dict)
    needs: str | None = None


@dataclass(frozen=True)
class Run:
    """One training: a contender on a split.

    Attributes:
        protocol: Folder below ``configs/experiments``.
        contender: Key of :data:`CONTENDERS`.
        fraction: Share of labeled images, the name of the split's folder, or
            ``'all'``: every mask, for the baseline only.
        seed: Seed of the split and of the training.
    """

    protocol: str
    contender: str
    fraction: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the run and of its folder in the work dir."""
        return f'{self.contender}/{self.fraction}_seed{self.seed}'

    @property
    def config(self) -> str:
        """Config file, relative to the project."""
        folder = f'experiments/configs/{self.protocol}'
        name = CONTENDERS[self.contender].config
        return f'{folder}/{self.protocol}_{name}'

    @property
    def needs(self) -> 'Run | None':
        """The run whose checkpoint this one builds on."""
        contender = CONTENDERS[self.contender].needs
        return contender and replace(self, contender=contender)

    def options(self, checkpoint: str | None = None) -> list[str]:
        """Arguments of ``--cfg-options``.

        Args:
            checkpoint: The checkpoint that the contender needs.
        """
        contender = CONTENDERS[self.contender]
        dataset = 'train_dataloader.dataset.'
        lists = f'splits/{self.fraction}/seed{self.seed}/'
        if self.fraction == 'all':
            options = {f'{dataset}ann_file': ''}
        elif contender.config.startswith('baseline'):
            options = {f'{dataset}ann_file': f'{lists}labeled.txt'}
        else:
            options = {
                f'{dataset}{part}.ann_file': f'{lists}{part}.txt'
                for part in ('labeled', 'unlabeled')
            }
        options['randomness.seed'] = self.seed
        options.update(contender.options)
        return [
            f'{key}={str(value).format(checkpoint=checkpoint)}'
            for key, value in options.items()
        ]

    def model_options(self) -> list[str]:
        """The options that a test of the trained model needs."""
        return [o for o in self.options() if o.startswith('model.')]


MEAN_TEACHER = {'model.teacher_momentum': 0.01, 'model.threshold': 0.95}
THREE_STAGES = {'custom_hooks.0.feature_checkpoint': '{checkpoint}'}
NO_FORK = {'model.fork_after': None}
CONTENDERS = {
    'baseline': Contender('baseline.py'),
    'self_training': Contender('self_training.py'),
    'mean_teacher': Contender('self_training.py', MEAN_TEACHER),
    'usrn_paper': Contender('usrn_paper.py'),
    'usrn': Contender('usrn.py'),
    'usrn_three_stages': Contender('usrn.py', THREE_STAGES, 'baseline'),
    'mean_teacher_short_warmup': Contender(
        'self_training_short_warmup.py', MEAN_TEACHER
    ),
    'usrn_short_warmup': Contender('usrn_short_warmup.py'),
    'baseline_double_batch': Contender('baseline_double_batch.py'),
    'baseline_average': Contender('baseline_average.py'),
    'usrn_gate_entropy': Contender('usrn.py', {'model.gate': 'entropy'}),
    'usrn_gate_always': Contender('usrn.py', {'model.gate': 'always'}),
    'usrn_gate_never': Contender('usrn.py', {'model.gate': 'never'}),
    'usrn_no_teacher': Contender('usrn.py', {'model.teacher_momentum': None}),
    'usrn_reclustered': Contender('usrn_reclustered.py'),
    'usrn_average_features': Contender(
        'usrn.py', THREE_STAGES, 'baseline_average'
    ),
    'usrn_ordinary_kmeans': Contender('usrn_ordinary_kmeans.py'),
    'usrn_11_subclasses': Contender('usrn.py', {'model.num_subclasses': 11}),
    'usrn_44_subclasses': Contender('usrn.py', {'model.num_subclasses': 44}),
    'usrn_176_subclasses': Contender('usrn.py', {'model.num_subclasses': 176}),
    'usrn_fork_after_3': Contender('usrn.py', {'model.fork_after': 3}),
    'usrn_no_fork': Contender('usrn.py', NO_FORK),
    'usrn_three_stages_no_fork': Contender(
        'usrn.py', {**THREE_STAGES, **NO_FORK}, 'baseline'
    ),
    'usrn_second_view': Contender('usrn_second_view.py'),
    'usrn_second_view_no_fork': Contender('usrn_second_view.py', NO_FORK),
    'usrn_three_stages_second_view_no_fork': Contender(
        'usrn_second_view.py', {**THREE_STAGES, **NO_FORK}, 'baseline'
    ),
    'mean_teacher_second_view': Contender(
        'self_training_second_view.py', MEAN_TEACHER
    ),
    'usrn_feature_dropout': Contender(
        'usrn_variants.py', {'model.type': 'FeatureDropoutUSRN'}
    ),
    'usrn_logit_noise': Contender(
        'usrn_variants.py', {'model.type': 'LogitNoiseUSRN'}
    ),
    'usrn_confident_gate': Contender(
        'usrn_variants.py', {'model.type': 'ConfidentGateUSRN'}
    ),
    'usrn_marginal': Contender(
        'usrn_variants.py', {'model.type': 'MarginalUSRN'}
    ),
}
MAIN = (
    'baseline',
    'self_training',
    'mean_teacher',
    'usrn_paper',
    'usrn',
    'usrn_three_stages',
)


def grid(protocol: str) -> Iterator[Run]:
    """All runs of a protocol, most important first.

    Args:
        protocol: ``'cpu'`` or ``'gpu'``.
    """
    ablations = [name for name in CONTENDERS if name not in MAIN]
    blocks = [(('1over16',), MAIN)]
    blocks += [(('all',), ('baseline', 'baseline_double_batch'))]
    blocks += [(('1over8', '1over30'), MAIN)]
    blocks += [(('1over16',), (name,)) for name in ablations]
    for fractions, contenders in blocks:
        for fraction in fractions:
            for seed in SEEDS:
                for contender in contenders:
                    yield Run(protocol, contender, fraction, seed)
