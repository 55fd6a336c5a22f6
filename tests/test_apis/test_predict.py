"""Predictions of files and folders."""

import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tifffile
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import MODELS
from PIL import Image

from mmseg_usrn.apis import (
    Predictor,
    build_class_branch,
    predict,
    predict_images,
)
from mmseg_usrn.apis.images import Image as Photo
from mmseg_usrn.apis.images import find_images
from mmseg_usrn.apis.predict import image_pipeline, image_steps
from mmseg_usrn.apis.prediction_writer import PredictionWriter
from mmseg_usrn.models.checkpoints import stock_model
from mmseg_usrn.visualization import draw_segmentation


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


def test_compiled_and_batched_predictions_are_the_same(
    trained, photos, monkeypatch
):
    monkeypatch.setattr(predict, 'MOST_COMPILED', 1)  # of four sizes
    predictor = Predictor(build_class_branch(*trained))
    plain = Predictor(build_class_branch(*trained), compiled=False)
    images = find_images([str(photos / 'a'), str(photos / 'b')])
    found = {}

    def keep(image, sample):
        found.setdefault(image.name, []).append(sample.seg_logits.data)

    for batch_size in (1, 2, 1, 1):
        list(predict_images(predictor, images, keep, batch_size))
    assert len(predictor.network.compiled) == 1
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
    more = run_tool(*command, '--probabilities', check=False).stdout
    assert '7 images predicted, 0 done before' in more
    assert len(list((out / 'probabilities').rglob('*.npz'))) == 7
    done = run_tool(*command, '--batch-size', 0, check=False)
    assert done.returncode == 1
    assert 'error: --batch-size 0: a number from 1' in done.stdout


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


def random_model(cfg):
    """The stock model of a config, with random weights."""
    torch.manual_seed(0)
    cfg.model = stock_model(cfg.model)
    model = MODELS.build(cfg.model).eval()
    model.cfg = cfg
    return model


def save_picture(path, pixels):
    """An RGB picture as files of cameras, microscopes and satellites."""
    if path.stem == 'turned':
        exif = Image.Exif()
        exif[274] = 6
        Image.fromarray(pixels).save(path, quality=95, exif=exif)
    elif path.stem == 'deep':
        cv2.imwrite(str(path), pixels[..., ::-1].astype(np.uint16) * 16)
    elif path.stem == 'float':
        tifffile.imwrite(path, pixels / np.float32(255), photometric='rgb')
    else:
        bands = np.concatenate([pixels, pixels[..., :2] // 2], 2)
        tifffile.imwrite(path, bands, photometric='minisblack')


@pytest.mark.parametrize(
    ('name', 'loader'),
    [
        (
            'turned.jpg',
            dict(
                type='LoadImageFromFile',
                color_type='color_ignore_orientation',
            ),
        ),
        ('deep.png', dict(type='LoadDeepImage', max_value=4095)),
        ('float.tif', dict(type='LoadDeepImage', max_value=1.0)),
        ('bands.tif', dict(type='LoadBands', bands=[0, 1, 2])),
    ],
)
def test_overlays_lie_over_what_the_model_sees(
    trained, tmp_path, name, loader
):
    cfg = Config.fromfile(trained[0])
    cfg.test_dataloader.dataset.pipeline[0] = loader
    predictor = Predictor(build_class_branch(cfg, trained[1]))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (3, 4, 3), np.uint8)
    pixels = pixels.repeat(16, 0).repeat(16, 1)
    save_picture(tmp_path / name, pixels)
    palette = predictor.model.dataset_meta['palette']
    writer = PredictionWriter(tmp_path, palette, predictor.load_picture)
    images = find_images([str(tmp_path / name)])
    ((_, problem),) = predict_images(predictor, images, writer)
    assert problem is None
    stem = images[0].name
    labels = np.array(Image.open(tmp_path / 'masks' / f'{stem}.png'))
    overlay = np.array(Image.open(tmp_path / 'overlays' / f'{stem}.jpg'))
    expected = draw_segmentation(pixels, labels, palette, 0.5)
    assert overlay.shape == expected.shape
    difference = np.abs(overlay.astype(int) - expected)
    assert difference.mean() < 8  # of JPEG


def test_an_image_of_other_bands_ends_nothing(trained, tmp_path):
    cfg = Config.fromfile(trained[0])
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadBands')
    cfg.model.backbone.in_channels = 5
    cfg.model.data_preprocessor.update(mean=[127.5], std=[50.0])
    predictor = Predictor(random_model(cfg))
    rng = np.random.default_rng(0)
    for name, bands in dict(a=5, b=3, c=5, d=1, e=5).items():
        pixels = rng.integers(0, 255, (48, 64, bands), np.uint8)
        tifffile.imwrite(
            tmp_path / f'{name}.tif', pixels, photometric='minisblack'
        )
    images = find_images([f'{tmp_path}/*.tif'])
    saved = []
    problems = {
        image.name: str(problem)
        for image, problem in predict_images(
            predictor, images, lambda image, _: saved.append(image.name), 2
        )
        if problem
    }
    assert saved == ['a', 'c', 'e']
    assert list(problems) == ['b', 'd']
    assert 'has 3 channels' in problems['b']
    assert 'has 1 channels' in problems['d'] and 'takes 5' in problems['d']


def test_gray_images_are_spread_over_the_colours(trained, photos):
    """As the data preprocessor does in training."""
    cfg = Config.fromfile(trained[0])
    cfg.test_dataloader.dataset.pipeline[0].color_type = 'grayscale'
    predictor = Predictor(build_class_branch(cfg, trained[1]))
    sample = predictor.load(photos / 'a/1.png')
    assert len(sample['inputs']) == 1
    (found,) = predictor.predict([sample])
    assert found.pred_sem_seg.shape == (48, 64)
    assert predictor.load_picture(photos / 'a/1.png').shape == (48, 64, 3)


def test_one_output_for_two_classes(trained, photos, tmp_path):
    """Its sigmoid is the probability of the second class."""
    cfg = Config.fromfile(trained[0])
    cfg.model.decode_head.update(num_classes=2, out_channels=1, threshold=0.3)
    model = random_model(cfg)
    torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=20)
    predictor = Predictor(model)
    path = photos / 'a/1.png'
    (sample,) = predictor.predict([predictor.load(path)])
    second = sample.seg_logits.data[0].numpy()
    labels = sample.pred_sem_seg.data[0].numpy()
    assert np.array_equal(labels, second > 0.3) and 0 < labels.mean() < 1
    writer = PredictionWriter(
        tmp_path, [[0, 0, 0], [9, 9, 9]], confidence=True, probabilities=True
    )
    writer(Photo(path, '1'), sample)
    with np.load(tmp_path / 'probabilities/1.npz') as file:
        prob = file['prob']
    np.testing.assert_allclose(prob, [1 - second, second], atol=1e-3)
    confidence = np.array(Image.open(tmp_path / 'confidence/1.png'))
    expected = 255 * np.where(labels == 1, second, 1 - second)
    np.testing.assert_allclose(confidence, expected, atol=0.51)
    mask = np.array(Image.open(tmp_path / 'masks/1.png'))
    assert np.array_equal(mask, labels)


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


def test_a_file_that_could_not_be_written_is_not_there(
    trained, photos, tmp_path
):
    """Half a mask would count as done."""
    predictor = Predictor(build_class_branch(*trained))
    image = Photo(photos / 'a/1.png', '1')
    (sample,) = predictor.predict([predictor.load(image.path)])
    sizes = resource.getrlimit(resource.RLIMIT_FSIZE)
    palette = predictor.model.dataset_meta['palette']
    writer = PredictionWriter(tmp_path / 'out', palette)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, sizes[1]))
        with pytest.raises(OSError):
            writer(image, sample)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, sizes)
    assert not (tmp_path / 'out/masks/1.png').exists()
    writer(image, sample)
    with Image.open(tmp_path / 'out/masks/1.png') as mask:
        assert np.array(mask).shape == (48, 64)


@pytest.mark.parametrize('kind', ['ConcatDataset', 'RepeatDataset'])
def test_wrapped_datasets_of_the_test(toy_config, kind):
    """The steps are those of the innermost dataset, of several the first."""
    dataset = toy_config.test_dataloader.dataset
    inner = (
        dict(datasets=[dict(dataset), dict(dataset, pipeline=[])])
        if kind == 'ConcatDataset'
        else dict(dataset=dict(dataset), times=2)
    )
    toy_config.test_dataloader.dataset = dict(type=kind, **inner)
    assert image_steps(toy_config) == dataset.pipeline
    names = [type(s).__name__ for s in image_pipeline(toy_config).transforms]
    assert names == ['LoadImageFromFile', 'PackSegInputs']


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
