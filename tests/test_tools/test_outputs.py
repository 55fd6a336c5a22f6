"""Tools refuse outputs before they read a model or an image."""

import pytest

MODEL = ('toy.py', 'none.pth')
DATA = ('--labeled-images', 'none', '--classes', 'a', 'b')


@pytest.mark.slow
@pytest.mark.parametrize(
    'command',
    [
        ('predict.py', *MODEL, 'toy/val', '--out', 'file'),
        ('rank_images.py', *MODEL, 'toy/val', '--out', 'file/a.csv'),
        (
            *('export_labels.py', *MODEL, 'toy/val', '--out', 'file/a'),
            *('--format', 'label-studio'),
        ),
        ('export.py', *MODEL, '--to', 'mmseg', '--out', 'file'),
        ('cluster_subclasses.py', *MODEL, 'file/a'),
        ('test.py', *MODEL, '--out', 'file/a'),
        ('show_samples.py', 'toy.py', 'file/a'),
        ('new_dataset.py', *DATA, '--out', 'file/a.py'),
        ('make_splits.py', 'file/a', '--train', 'none', '--count', '1'),
        ('model_converters/usrn2mmseg.py', 'none.pth', 'file/a.pth'),
    ],
    ids=lambda command: command[0],
)
def test_a_file_where_a_folder_should_be(
    command, run_tool, toy_config, tmp_path
):
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    (tmp_path / 'file').touch()
    done = run_tool(*command, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert 'file is a file; name a folder' in done.stdout
    assert 'Traceback' not in done.stdout


@pytest.mark.slow
def test_the_data_check_needs_no_work_dir(run_tool, toy_config, tmp_path):
    """It is shown where what was seen cannot be kept."""
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    (tmp_path / 'file').touch()
    done = run_tool(
        *('check_data.py', 'toy.py', '--work-dir', 'file'),
        cwd=tmp_path,
        check=False,
    )
    assert 'file/data_check.json cannot be written' in done.stdout
    assert '5 labeled, 7 unlabeled, 2 val images' in done.stdout
    assert 'Traceback' not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize('name', ['tasks.json', 'label_config.xml'])
def test_no_file_of_label_studio_is_overwritten(
    name, run_tool, toy_config, tmp_path
):
    toy_config.dump(tmp_path / 'toy.py')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / name).write_text('mine')
    done = run_tool(
        *('export_labels.py', *MODEL, 'toy/val', '--out', 'out'),
        *('--format', 'label-studio'),
        cwd=tmp_path,
        check=False,
    )
    assert f'error: out/{name} would be overwritten' in done.stdout
    assert (tmp_path / 'out' / name).read_text() == 'mine'
