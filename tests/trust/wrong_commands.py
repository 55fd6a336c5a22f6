"""Command lines that ask for what cannot be."""

from pathlib import Path

from tests.trust.wrong_files import weights, write
from tests.trust.wrong_input import Case

TRAIN = (
    ('no config', 'the following arguments are required: config', ()),
    ('a config that is not there', 'no config file nowhere.py', ('nowhere.py',)),
    ('a folder in place of a config', 'no config file toy', ('toy',)),
    ('an image in place of a config', 'toy/val/0.png', ('toy/val/0.png',)),
    ('an unknown argument', 'unrecognized arguments: --fast', ('toy.py', '--fast')),
    ('two configs', 'unrecognized arguments: good.py', ('toy.py', 'good.py')),
    ('an unknown launcher', 'invalid choice', ('toy.py', '--launcher', 'horovod')),
    ('Slurm without GPUs', "'slurm' needs GPUs", ('toy.py', '--launcher', 'slurm')),
    ('MPI without GPUs', "'mpi' needs GPUs", ('toy.py', '--launcher', 'mpi')),
    ('mixed precision with a value', 'ignored explicit argument', ('toy.py', '--amp=half')),
    ('mixed precision with another wrapper', '--amp would replace', ('toy.py', '--amp', '--cfg-options', 'optim_wrapper.type=ApexOptimWrapper')),
    ('a wrapper that needs a GPU', 'needs a GPU', ('toy.py', '--cfg-options', 'optim_wrapper.type=AmpOptimWrapper')),
    ('no work dir', 'expected one argument', ('toy.py', '--work-dir')),
    ('a file in place of a work dir', 'good.py', ('toy.py', '--work-dir', 'good.py')),
    ('a work dir below a file', 'good.py', ('toy.py', '--work-dir', 'good.py/a')),
    ('features of no file', 'no.pth', ('toy.py', '--feature-checkpoint', 'no.pth')),
    ('no options', 'expected at least one argument', ('toy.py', '--cfg-options')),
    ('an option without a value', 'key=value', ('toy.py', '--cfg-options', 'model.threshold')),
    ('an option with a space', 'key=value', ('toy.py', '--cfg-options', 'model.threshold', '=', '0.9')),
    ('an option with two dashes', 'unrecognized arguments', ('toy.py', '--model.threshold=0.9')),
    ('an option of no key', 'no entry', ('toy.py', '--cfg-options', '=1')),
    ('an option that is no text', 'has this name', ('toy.py', '--cfg-options', '3=1')),
    ('a list without its end', 'model.data_preprocessor.mean', ('toy.py', '--cfg-options', 'model.data_preprocessor.mean=[1,2')),
    ('a dict', 'write model.init_cfg.type=...', ('toy.py', '--cfg-options', "model.init_cfg=dict(type='Pretrained',checkpoint='a.pth')")),
    ('an entry that is not in a list', 'is a list of 1', ('toy.py', '--cfg-options', 'custom_hooks.5.interval=1')),
    ('a name in place of an entry', 'is a list of 1', ('toy.py', '--cfg-options', 'custom_hooks.interval=1')),
    ('a setting of a number', 'has no settings of its own', ('toy.py', '--cfg-options', 'model.num_subclasses.a=1')),
)  # fmt: skip
TEST = (
    ('no checkpoint', 'arguments are required: checkpoint', ('toy.py',)),
    ('a checkpoint that is not there', 'no.pth', ('toy.py', 'no.pth')),
    ('a config as a checkpoint', 'good.py', ('toy.py', 'good.py')),
    ('an empty checkpoint', 'empty.pth', ('toy.py', 'empty.pth')),
    ('a checkpoint of nothing', 'weights.pth', ('toy.py', 'weights.pth')),
    ('config and checkpoint in the wrong order', 'weights.pth cannot be read', ('weights.pth', 'toy.py')),
    ('a misspelt option', 'do you mean threshold?', ('toy.py', 'weights.pth', '--cfg-options', 'model.treshold=1')),
    ('a misspelt metric', 'do you mean mIoU?', ('toy.py', 'weights.pth', '--cfg-options', 'test_evaluator.iou_metrics=mIou')),
    ('augmented images without a model for them', '--tta needs tta_model', ('toy.py', 'weights.pth', '--tta')),
    ('an unknown argument', 'unrecognized arguments', ('toy.py', 'weights.pth', '--speed')),
)  # fmt: skip
PREDICT = (
    ('no images', 'arguments are required', ('toy.py', 'weights.pth', '--out', 'out')),
    ('no place for the results', 'required: --out', ('toy.py', 'weights.pth', 'toy/val')),
    ('images that are not there', 'nowhere', ('toy.py', 'weights.pth', 'nowhere', '--out', 'out')),
    ('a checkpoint that is not there', 'no.pth', ('toy.py', 'no.pth', 'toy/val', '--out', 'out')),
    ('a checkpoint of nothing', 'weights.pth', ('toy.py', 'weights.pth', 'toy/val', '--out', 'out')),
)  # fmt: skip
OTHERS = (
    ('check_data.py', 'a config that is not there', 'nowhere.py', ('nowhere.py',)),
    ('check_data.py', 'a misspelt option', 'treshold', ('toy.py', '--cfg-options', 'model.treshold=1')),
    ('show_samples.py', 'a config that is not there', 'nowhere.py', ('nowhere.py', 'out')),
    ('cluster_subclasses.py', 'a checkpoint that is not there', 'no.pth', ('toy.py', 'no.pth', 'out')),
    ('cluster_subclasses.py', 'a stock model', 'USRN', ('toy.py', 'weights.pth', 'out', '--cfg-options', 'model.type=EncoderDecoder')),
    ('make_splits.py', 'a list that is not there', 'nowhere.txt', ('out', '--train', 'nowhere.txt', '--fraction', '1/4')),
    ('make_splits.py', 'a share above 1', '5/4', ('out', '--train', 'names.txt', '--fraction', '5/4')),
)  # fmt: skip


def prepare(folder: Path) -> None:
    """Checkpoints and a list that the commands name."""
    weights({}, folder)
    write('empty.pth', '', folder)
    write('names.txt', 'a\nb\nc\nd\n', folder)


def _cases(tool: str, table: tuple) -> tuple[Case, ...]:
    return tuple(
        Case(
            f'{tool}: {name}', words, damage=prepare, tool=tool, arguments=args
        )
        for name, words, args in table
    )


COMMANDS = (
    *_cases('train.py', TRAIN),
    *_cases('test.py', TEST),
    *_cases('predict.py', PREDICT),
    *(
        Case(f'{tool}: {name}', words, damage=prepare, tool=tool, arguments=a)
        for tool, name, words, a in OTHERS
    ),
)
