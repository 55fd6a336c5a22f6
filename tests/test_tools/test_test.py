"""Arguments of the test."""

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ('out', 'message'),
    [
        ('val_masks', 'val_masks would be overwritten'),
        ('val_masks/0.png', 'val_masks/0.png is a file; name a folder'),
    ],
)
def test_nothing_is_overwritten(
    run_tool, toy_config, toy_root, tmp_path, out, message
):
    """A folder of masks, or one of them, may be named by mistake."""
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    done = run_tool(
        *('test.py', 'toy.py', 'toy.pth', '--out', toy_root / out),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert f'{toy_root}/{message}' in done.stdout
