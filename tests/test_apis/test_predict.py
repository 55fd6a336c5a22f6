"""Predictions of files and folders."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from PIL import Image

from mmseg_usrn.apis import Predictor, build_class_branch, predict_images
from mmseg_usrn.apis.predict import find_images


@pytest.fixture
def photos(tmp_path):
    """Seven photographs of two sizes, and a broken one."""
    folder = tmp_path / 'photos'
    rng = np.random.default_rng(0)
    for number in range(7):
        size = (48, 64) if number < 5 else (64, 40)
        path = folder / ('a' if number % 2 else 'b') / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    (folder / 'broken.jpg').write_bytes(b'no picture')
    (folder / 'notes.txt').write_text('not an image')
    return folder


def test_the_class_branch_predicts_what_the_whole_model_predicts(
    trained, photos
):
    """To the bit; it is the stock model and has its weights alone."""
    config, checkpoint = trained
    whole = init_model(config, checkpoint, 'cpu')
    model = build_class_branch(config, checkpoint)
    assert type(model).__name__ == 'EncoderDecoder'
    names = [name for name, _ in model.named_parameters()]
    assert not [n for n in names if 'fork' in n or 'teacher' in n]
    predictor = Predictor(model, compiled=False)
    for image in sorted(photos.rglob('*.png')):
        (sample,) = predictor.predict([predictor.load(image)])
        expected = inference_model(whole, str(image))
        assert torch.equal(sample.seg_logits.data, expected.seg_logits.data)


def test_compiled_and_batched_predictions_are_the_same(trained, photos):
    predictor = Predictor(build_class_branch(*trained))
    plain = Predictor(build_class_branch(*trained), compiled=False)
    images = find_images([str(photos / 'a'), str(photos / 'b')])
    found = {}

    def keep(image, sample):
        found.setdefault(image.name, []).append(sample.seg_logits.data)

    for batch_size in (1, 2, 1, 1):
        list(predict_images(predictor, images, keep, batch_size))
    assert predictor.network.compiled
    for image in images:
        (sample,) = plain.predict([plain.load(image.path)])
        expected = sample.seg_logits.data
        assert len(found[image.name]) == 4
        for logits in found[image.name]:
            torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_weights_of_another_model_are_refused(trained, toy_config):
    config, checkpoint = trained
    state = torch.load(checkpoint)
    del state['state_dict']['backbone.trunk.conv1.weight']
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match='lacks 1 weights .* backbone.conv1'):
        build_class_branch(config, checkpoint)
    other = Config.fromfile(config)
    other.model.decode_head.num_classes = 5
    other.model.num_subclasses = 10
    with pytest.raises(ValueError, match='has other sizes of|lacks'):
        build_class_branch(other, checkpoint)


@pytest.mark.slow
def test_a_folder_with_a_broken_file(trained, photos, run_tool, tmp_path):
    """Listed at the end; the others are done, and not done again."""
    out = tmp_path / 'out'
    command = ('predict.py', *trained, photos, '--out', out)
    done = run_tool(*command, '--confidence', check=False)
    assert done.returncode == 1
    assert '7 images predicted, 0 done before' in done.stdout
    assert f'{photos}/broken.jpg' in done.stdout.split('not be read:')[1]
    masks = sorted((out / 'masks').rglob('*.png'))
    assert len(masks) == 7
    for path in masks:
        name = path.relative_to(out / 'masks')
        with Image.open(photos / name) as image, Image.open(path) as mask:
            assert mask.mode == 'P' and mask.size == image.size
            assert mask.getpalette()[3:6] == [250, 0, 0]
            assert set(np.unique(mask)) <= {0, 1, 2, 3}
        assert (out / 'overlays' / name).with_suffix('.jpg').exists()
        assert (out / 'confidence' / name).exists()
    before = masks[0].stat().st_mtime_ns
    again = run_tool(*command, check=False).stdout
    assert '0 images predicted, 7 done before' in again
    assert masks[0].stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ('place', 'value', 'message'),
    [
        (0, 'none.py', 'there is no config file none.py'),
        (1, 'none.pth', 'there is no checkpoint none.pth'),
        (2, 'nowhere', 'there is no file or folder nowhere'),
        (2, 'photos/notes.txt', 'there is no image in photos/notes.txt'),
    ],
)
def test_mistakes_are_told(
    trained, photos, run_tool, tmp_path, place, value, message
):
    args = [*trained, 'photos', '--out', 'out']
    args[place] = value
    done = run_tool('predict.py', *args, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f'error: {message}' in done.stdout
    assert 'Traceback' not in done.stdout
    assert not (tmp_path / 'out').exists()


def test_two_images_of_one_name(tmp_path):
    for suffix in ('png', 'jpg'):
        (tmp_path / f'a.{suffix}').touch()
    with pytest.raises(ValueError, match='same output a.png'):
        find_images([str(tmp_path)])
    names = [image.name for image in find_images([f'{tmp_path}/*.png'])]
    assert names == ['a']


def test_a_config_without_test_images(trained, photos, tmp_path):
    """The pipeline is that of the features that are clustered."""
    cfg = Config.fromfile(trained[0])
    for name in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg[f'{name}_{part}'] = None
    predictor = Predictor(build_class_branch(cfg, trained[1]))
    path = next(photos.rglob('*.png'))
    (sample,) = predictor.predict([predictor.load(path)])
    with Image.open(path) as image:
        assert sample.pred_sem_seg.shape == image.size[::-1]


@pytest.mark.slow
def test_mmsegs_inferencer_needs_no_import_of_the_package(trained, photos):
    code = (
        'import sys\n'
        'from mmseg.apis import MMSegInferencer\n'
        'inferencer = MMSegInferencer(*sys.argv[1:3], device="cpu")\n'
        'found = inferencer(sys.argv[3], return_datasamples=True)\n'
        'print(found.pred_sem_seg.shape)\n'
    )
    path = photos / 'a/1.png'
    done = subprocess.run(
        [sys.executable, '-c', code, *trained, str(path)],
        capture_output=True,
        text=True,
    )
    assert '(48, 64)' in done.stdout, done.stderr[-3000:]
