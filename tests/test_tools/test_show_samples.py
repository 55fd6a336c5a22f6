import numpy as np
import pytest
import tifffile
from PIL import Image


@pytest.mark.slow
def test_picture_has_a_row_per_sample(run_tool, project_root, tmp_path):
    config = project_root / 'configs/usrn/demo.py'
    run_tool('demo_images.py', cwd=tmp_path)
    sizes = []
    for rows in (1, 2):
        out = tmp_path / 'new' / f'{rows}.png'
        run_tool('show_samples.py', config, out, '--rows', rows, cwd=tmp_path)
        with Image.open(out) as picture:
            sizes.append(picture.size)
    args = ('show_samples.py', config, out)
    again = run_tool(*args, cwd=tmp_path, check=False)
    assert f'error: {out} would be overwritten' in again.stdout
    args = ('show_samples.py', config, tmp_path / 'out.word')
    none = run_tool(*args, cwd=tmp_path, check=False)
    assert 'Traceback' not in none.stdout
    assert "error: Format 'word' is not supported" in none.stdout
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] > 1.5 * sizes[0][1]


@pytest.mark.slow
def test_images_of_five_bands(run_tool, toy_config, toy_root, tmp_path):
    """The first three are shown; a name without suffix is that of a PNG."""
    for path in toy_root.glob('*labeled/*.png'):
        with Image.open(path) as image:
            bands = np.concatenate([image, np.array(image)[..., :2]], 2)
        tifffile.imwrite(
            path.with_suffix('.tif'), bands, photometric='minisblack'
        )
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    parts = toy_config.train_dataloader.dataset
    for part in (parts.labeled, parts.unlabeled):
        part.img_suffix = '.tif'
        part.pipeline[0] = dict(type='LoadBands')
    toy_config.dump(tmp_path / 'toy.py')
    command = ('show_samples.py', 'toy.py', 'out')
    run_tool(*command, cwd=tmp_path)
    with Image.open(tmp_path / 'out.png') as picture:
        assert np.ptp(np.array(picture.convert('RGB')), axis=2).max() > 50
    again = run_tool(*command, cwd=tmp_path, check=False)
    assert 'error: out.png would be overwritten' in again.stdout


@pytest.mark.slow
def test_config_without_pairs_is_refused(run_tool, toy_config, tmp_path):
    dataset = toy_config.train_dataloader.dataset
    toy_config.train_dataloader.dataset = dataset.labeled
    toy_config.dump(tmp_path / 'stock.py')
    done = run_tool(
        *('show_samples.py', 'stock.py', 'out.png'), cwd=tmp_path, check=False
    )
    assert 'has no PairedDataset' in done.stdout
