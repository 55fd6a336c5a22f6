"""Configs that cannot be read."""

from argparse import ArgumentParser

import pytest

from mmseg_usrn.config_file import KeyValueAction, read_config
from mmseg_usrn.engine.run_config import check_entries


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'there is no config file .*my.py'),
        ('model = dict(\n', "my.py cannot be read: SyntaxError: '\\(' was"),
        ("_base_ = ['nowhere.py']\n", 'names a file .*nowhere.py'),
        ('model = 1 / 0\n', 'my.py cannot be read: ZeroDivisionError'),
    ],
)
def test_mistakes_in_a_config(tmp_path, content, message):
    path = tmp_path / 'my.py'
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_config(path)


def test_a_part_of_a_config(tmp_path):
    path = tmp_path / 'my.py'
    path.write_text('model = dict(type=1)\ntrain_cfg = dict()\n')
    cfg = read_config(path)
    loaders = ('train_dataloader', 'val_dataloader')
    needed = 'no train_dataloader, optim_wrapper: is it a whole recipe'
    with pytest.raises(ValueError, match=needed):
        check_entries(cfg, str(path), loaders)
    with pytest.raises(ValueError, match='no test_dataloader, test_cfg, te'):
        check_entries(cfg, str(path), ('test_dataloader',))


def options_of(*values):
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=KeyValueAction)
    return parser.parse_args(['--cfg-options', *values]).cfg_options


@pytest.mark.parametrize(
    ('setting', 'entry'),
    [
        ("a.b=dict(type='Pretrained',checkpoint='x.pth')", 'a.b.type=...'),
        ("a.b=dict(type='Pretrained')", 'a.b.type=...'),
        ("a.b={'type': 'Pretrained', 'checkpoint': 'x.pth'}", 'a.b.type=...'),
        ('a.b="{type: 1}"', 'a.b.type=...'),
        ('a.b=[dict(type=1,end=2)]', 'a.b.type=...'),
        ('a.b={}', 'a.b.KEY=...'),
    ],
)
def test_dicts_on_the_command_line(capsys, setting, entry):
    with pytest.raises(SystemExit):
        options_of('c=1', setting)
    said = capsys.readouterr().err
    assert f'{setting}: a value such as dict(...)' in said
    assert f'write {entry} for each of its entries' in said


def test_other_brackets_on_the_command_line(capsys):
    found = options_of('a={stem}_{class}.png', 'b=[(1,2),3]')
    assert found == dict(a='{stem}_{class}.png', b=[(1, 2), 3])
    for setting in ('c=f(1,2)', 'c=(1,2'):
        with pytest.raises(SystemExit):
            options_of(setting)
        assert 'of the form key=value' in capsys.readouterr().err


@pytest.mark.parametrize(
    'command',
    [
        ('train.py', 'none.py'),
        ('test.py', 'none.py', 'none.pth'),
        ('check_data.py', 'none.py'),
        ('show_samples.py', 'none.py', 'out.png'),
        ('cluster_subclasses.py', 'none.py', 'none.pth', 'out'),
        ('predict.py', 'none.py', 'none.pth', '.', '--out', 'out'),
    ],
)
@pytest.mark.slow
def test_tools_say_one_sentence(command, run_tool, tmp_path):
    done = run_tool(*command, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert 'error: ' in done.stdout
    assert 'Traceback' not in done.stdout
