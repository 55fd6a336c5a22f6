"""Arguments of the test."""

import pytest


@pytest.mark.slow
def test_no_label_map_is_overwritten(run_tool, toy_config, toy_root, tmp_path):
    """A folder of masks may be named by mistake."""
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    done = run_tool(
        *('test.py', 'toy.py', 'toy.pth', '--out', toy_root / 'val_masks'),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert f'{toy_root / "val_masks"} would be overwritten' in done.stdout


@pytest.mark.slow
def test_out_names_a_folder(run_tool, toy_config, tmp_path):
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    done = run_tool(
        *('test.py', 'toy.py', 'toy.pth', '--out', 'toy.py'),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert 'error: --out toy.py is a file; name a folder' in done.stdout
