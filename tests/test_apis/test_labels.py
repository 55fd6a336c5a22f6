"""Labels in the formats of labelling tools, read by their own readers."""

import json
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from label_studio_sdk.converter.brush import decode_rle
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image as PillowImage
from pycocotools.coco import COCO

from mmseg_usrn.apis.images import Image
from mmseg_usrn.apis.labels import (
    UNLABELED,
    WRITERS,
    confident_labels,
    encode_brush,
)
from mmseg_usrn.datasets.mask_formats import (
    LoadColorMasks,
    LoadLabelStudioMasks,
)
from mmseg_usrn.datasets.mask_formats.label_studio import decode_brush

# A black class and two of one colour: CVAT needs others.
CLASSES = ('background', 'one', 'two & more', 'three')
PALETTE = [[0, 0, 0], [250, 0, 0], [0, 250, 0], [250, 0, 0]]


@pytest.fixture
def label_maps(tmp_path):
    """All classes (twice), one class alone, nothing labeled."""
    rng = np.random.default_rng(0)
    blobs = rng.integers(-1, 4, (6, 9)).repeat(7, 0).repeat(8, 1)
    blobs[rng.random(blobs.shape) < 0.05] = UNLABELED
    maps = {
        'a/1': blobs,
        'a/2': np.zeros((5, 3), int),
        'b': np.full((4, 6), UNLABELED),
        'c': blobs[::-1],
    }
    return {
        Image(tmp_path / 'photos' / f'{name}.jpg', name): labels
        for name, labels in maps.items()
    }


@pytest.fixture
def write(label_maps, tmp_path):
    def write(form):
        writer = WRITERS[form](tmp_path / 'out', CLASSES, PALETTE)
        with writer:
            for image, labels in label_maps.items():
                writer.add(image, labels)
        return writer.path

    return write


def test_png(write, label_maps):
    folder = write('png')
    for image, labels in label_maps.items():
        with PillowImage.open(folder / f'{image.name}.png') as file:
            assert file.mode == 'P'
            assert file.getpalette()[3:6] == [250, 0, 0]
            found = np.array(file).astype(int)
        found[found == 255] = UNLABELED
        assert np.array_equal(found, labels)


def test_cvat_by_datumaro(write, label_maps, tmp_path):
    """CVAT reads its archives by Datumaro's reader of Pascal VOC."""
    folder = tmp_path / 'unpacked'
    zipfile.ZipFile(write('cvat')).extractall(folder)
    dataset = Dataset.import_from(str(folder), 'voc_segmentation')
    labels_of = dataset.categories()[AnnotationType.label]
    names = [label.name for label in labels_of.items]
    assert len(dataset) == len(label_maps)
    for image, labels in label_maps.items():
        item = dataset.get(image.name, 'default')
        found = np.full(labels.shape, UNLABELED)
        for annotation in item.annotations:
            found[annotation.image] = CLASSES.index(names[annotation.label])
        assert np.array_equal(found, labels)


def test_cvats_colours_by_the_own_loader(write, label_maps, tmp_path):
    folder = tmp_path / 'unpacked'
    zipfile.ZipFile(write('cvat')).extractall(folder)
    lines = (folder / 'labelmap.txt').read_text().splitlines()[1:]
    colors = [line.split(':')[1] for line in lines]
    assert lines[0] == 'unlabeled:0,0,0::'
    assert colors[2:4] == ['250,0,0', '0,250,0']
    assert len(set(colors)) == 5
    rgb = [tuple(map(int, color.split(','))) for color in colors]
    loader = LoadColorMasks(colors=rgb[1:], ignored=rgb[:1])
    for image, labels in label_maps.items():
        path = folder / 'SegmentationClass' / f'{image.name}.png'
        found = loader.transform(
            dict(
                seg_map_path=str(path),
                reduce_zero_label=False,
                seg_fields=[],
                label_map=None,
            )
        )['gt_seg_map'].astype(int)
        found[found == 255] = UNLABELED
        assert np.array_equal(found, labels)


def test_coco_by_pycocotools(write, label_maps):
    coco = COCO(str(write('coco')))
    by_name = {i['file_name']: i for i in coco.dataset['images']}
    for image, labels in label_maps.items():
        entry = by_name[f'{image.name}.jpg']
        found = np.full((entry['height'], entry['width']), UNLABELED)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=entry['id'])):
            mask = coco.annToMask(annotation) > 0
            assert annotation['area'] == mask.sum()
            (category,) = coco.loadCats(annotation['category_id'])
            found[mask] = CLASSES.index(category['name'])
        assert np.array_equal(found, labels)


def test_label_studio_by_its_converter(write, label_maps):
    path = write('label-studio')
    tasks = json.loads(path.read_text())
    assert len(tasks) == len(label_maps)
    for task, (image, labels) in zip(tasks, label_maps.items(), strict=True):
        assert task['data']['image'].endswith(f'?d={image.name}.jpg')
        found = np.full(labels.shape, UNLABELED)
        for region in task['predictions'][0]['result']:
            size = region['original_height'], region['original_width']
            values = decode_rle(region['value']['rle']).reshape(*size, 4)
            assert np.array_equal(values[..., 0], values[..., 3])
            (name,) = region['value']['brushlabels']
            found[values[..., 3] > 0] = CLASSES.index(name)
        assert np.array_equal(found, labels)
    interface = (path.parent / 'label_config.xml').read_text()
    assert '<Label value="two &amp; more" background="#00fa00"/>' in interface


def test_label_studio_serves_images_of_any_name(tmp_path):
    """By their URLs; the own reader finds their labels again."""
    stems = ['a+b', 'c d', 'e#1', 'f&g=?', 'ü d/e', 'h%20i', "q'u,o;te"]
    rng = np.random.default_rng(0)
    maps = {stem: rng.integers(0, 4, (6, 9)) for stem in stems}
    with WRITERS['label-studio'](tmp_path, CLASSES, PALETTE) as writer:
        for stem, labels in maps.items():
            writer.add(Image(tmp_path / f'{stem}.png', stem), labels)
    tasks = json.loads(writer.path.read_text())
    for task, stem in zip(tasks, maps, strict=True):
        url = urlsplit(task['data']['image'])
        assert not url.fragment
        assert parse_qs(url.query) == {'d': [f'{stem}.png']}
        task['annotations'] = task.pop('predictions')
    corrected = tmp_path / 'corrected.json'
    corrected.write_text(json.dumps(tasks))
    loader = LoadLabelStudioMasks(classes=CLASSES)
    found = loader.find(str(corrected), stems)
    for stem in stems:
        assert np.array_equal(loader.read(found[stem]), maps[stem])


@pytest.mark.parametrize('form', WRITERS)
def test_a_writer_names_all_its_files(form, write, tmp_path):
    write(form)
    written = {path.name for path in (tmp_path / 'out').iterdir()}
    assert written == set(WRITERS[form].targets)


@pytest.mark.parametrize('size', [(1, 1), (3, 2), (130, 250), (300, 400)])
def test_brush_strokes_of_long_and_short_runs(size):
    """Runs of 1 to 480,000 values, read by two decoders."""
    mask = np.zeros(size, bool)
    for shape in (mask, ~mask, np.random.default_rng(0).random(size) > 0.5):
        rle = encode_brush(shape)
        assert np.array_equal(decode_brush(list(rle), size), shape)
        if mask.size < 50000:
            found = decode_rle(list(rle)).reshape(*size, 4)[..., 0] > 0
            assert np.array_equal(found, shape)


def test_classes_below_the_threshold_have_no_label():
    """Probabilities of two classes, by hand."""
    prob = torch.tensor([[0.95, 0.85, 0.5, 0.1], [0.05, 0.15, 0.5, 0.9]])
    sample = SegDataSample(
        seg_logits=PixelData(data=prob.log()[:, None]),
    )
    assert confident_labels(sample, 0.89).tolist() == [[0, -1, -1, 1]]
    assert confident_labels(sample, 0.0).tolist() == [[0, 0, 0, 1]]


def test_a_colon_in_a_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'a:b' has a colon"):
        WRITERS['cvat'](tmp_path, ('a:b',), [[1, 2, 3]])


def test_the_docs_turn_cvats_colours_into_indices(
    write, label_maps, tmp_path, project_root, monkeypatch
):
    page = (project_root / 'docs/labelling.md').read_text()
    code = re.search(r'```python\n(.*?)```', page, re.DOTALL)[1]
    code, changed = re.subn(r'classes = \[.*\]', f'classes = {CLASSES}', code)
    assert changed == 1
    zipfile.ZipFile(write('cvat')).extractall(tmp_path / 'corrected')
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    for image, labels in label_maps.items():
        found = np.array(PillowImage.open(f'masks/{image.name}.png'))
        expected = np.where(labels == UNLABELED, 255, labels)
        assert np.array_equal(found, expected)
    with pytest.raises(FileExistsError):
        exec(code, {})


@pytest.mark.slow
def test_the_tool(trained, run_tool, tmp_path):
    photos = tmp_path / 'photos'
    photos.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 255, (48, 64, 3))
        file = PillowImage.fromarray(pixels.astype(np.uint8))
        file.save(photos / f'{number}.png')
    (photos / 'broken.jpg').write_bytes(b'no picture')
    out = tmp_path / 'out'
    command = ('export_labels.py', *trained, photos, '--out', out)
    done = run_tool(
        *command, '--format', 'coco', '--threshold', 0, check=False
    )
    assert done.returncode == 1
    assert f'2 images in {out}/annotations.json' in done.stdout
    assert '100.0% of their pixels have a label' in done.stdout
    assert f'{photos}/broken.jpg' in done.stdout.split('not be read:')[1]
    content = json.loads((out / 'annotations.json').read_text())
    assert sum(a['area'] for a in content['annotations']) == 2 * 48 * 64
    again = run_tool(*command, '--format', 'coco', check=False)
    assert again.returncode == 1
    assert 'error: ' in again.stdout and '--force' in again.stdout
    chosen = tmp_path / 'next.txt'
    chosen.write_text('1\n')
    command = (*command[:-1], tmp_path / 'few', '--only', chosen)
    few = run_tool(*command, '--format', 'png')
    assert '1 images in' in few.stdout
    masks = [p.name for p in (tmp_path / 'few').rglob('*.png')]
    assert masks == ['1.png']
    chosen.write_text('photos/1\n')
    none = run_tool(*command, '--format', 'coco', check=False)
    assert 'names photos/1, which is none of the images' in none.stdout
    wrong = run_tool(
        *command, '--format', 'png', '--threshold', 90, check=False
    )
    assert 'error: --threshold 90.0: a probability' in wrong.stdout
