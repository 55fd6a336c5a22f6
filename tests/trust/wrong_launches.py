"""Mistakes in trainings of several processes: one of them speaks, once."""

from functools import partial

from tests.trust.wrong_files import remove
from tests.trust.wrong_input import Case

TWO = ('toy.py', '2')
LAUNCHES = (
    Case(
        'dist_train.sh: no number of processes',
        'usage: ',
        tool='dist_train.sh',
        arguments=('toy.py',),
    ),
    Case(
        'dist_train.sh: a number that is none',
        "GPUS must be a number above 0, not 'two'",
        tool='dist_train.sh',
        arguments=('toy.py', 'two'),
    ),
    Case(
        'dist_train.sh: no processes',
        "GPUS must be a number above 0, not '0'",
        tool='dist_train.sh',
        arguments=('toy.py', '0'),
    ),
    Case(
        '2 ranks: a config that is not there',
        'no config file nowhere.py',
        tool='dist_train.sh',
        arguments=('nowhere.py', '2'),
    ),
    Case(
        '2 ranks: a misspelt option',
        'do you mean threshold?',
        options=('model.treshold=0.9',),
        tool='dist_train.sh',
        arguments=TWO,
    ),
    Case(
        '2 ranks: a labeled image without its mask',
        'labeled_masks/0.png',
        damage=partial(remove, 'toy/labeled_masks/0.png'),
        tool='dist_train.sh',
        arguments=TWO,
    ),
    Case(
        '2 ranks: channels of another backbone',
        'learning from labeled images',
        settings={'model.decode_head.in_channels': 2048},
        tool='dist_train.sh',
        arguments=TWO,
    ),
    Case(
        'dist_test.sh, 2 ranks: a checkpoint that is not there',
        'no.pth',
        tool='dist_test.sh',
        arguments=('toy.py', 'no.pth', '2'),
    ),
    Case(
        'three_stages.sh: a misspelt option',
        'do you mean threshold?',
        options=('model.treshold=0.9',),
        tool='three_stages.sh',
        arguments=('toy.py', '1'),
    ),
    Case(
        'three_stages.sh: a config that is not there',
        'nowhere.py',
        tool='three_stages.sh',
        arguments=('nowhere.py', '1'),
    ),
)
