"""From a folder to a trained, tested and predicted model, by commands."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

SHORT = (
    'train_cfg.max_iters=4',
    'train_cfg.val_interval=4',
    'default_hooks.checkpoint.interval=4',
    'custom_hooks.0.warmup_iters=2',
    'custom_hooks.0.interval=1',
    'param_scheduler.0.end=4',
    'auto_scale_lr.base_batch_size=2',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
)
PAINT = np.array([(0, 0, 0), (250, 50, 50), (10, 200, 30)], np.uint8)


class Program:
    """Makes a folder when it is read."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def named_parts(own):
    """Name of every image with a mask, with its part."""
    parts = dict(l='labeled', v='val')
    return [(n, parts[n[0]]) for n in own.masks if n[0] in parts]


def rgb_png(own):
    own.base(lambda m: PAINT[m])
    return ('--mask-colors', '0,0,0', '250,50,50', '10,200,30'), {}


def class_files(own):
    own.base()
    for name, part in named_parts(own):
        for label, color in ((1, 'red'), (2, 'green')):
            path = f'{part}/layers/{name}_{color}.png'
            own.save(path, np.uint8(255 * (own.masks[name] == label)))
    return (), dict(labeled_masks='labeled/layers', val_masks='val/layers')


def box(mask, label):
    """Left, top, right and bottom of a disc."""
    rows, columns = np.nonzero(mask == label)
    return [
        int(v) for v in (columns.min(), rows.min(), columns.max(), rows.max())
    ]


def coco(own):
    own.base()
    for part in ('labeled', 'val'):
        names = [n for n, p in named_parts(own) if p == part]
        shapes = [
            dict(
                image_id=i,
                category_id=label,
                segmentation=[[x, y, right, y, right, low, x, low]],
            )
            for i, name in enumerate(names)
            for label in (1, 2)
            for x, y, right, low in [box(own.masks[name], label)]
        ]
        content = dict(
            images=[
                dict(id=i, file_name=f'{n}.png', height=80, width=96)
                for i, n in enumerate(names)
            ],
            annotations=shapes,
            categories=[dict(id=1, name='red'), dict(id=2, name='green')],
        )
        (own.root / f'{part}.json').write_text(json.dumps(content))
    places = dict(labeled_masks='labeled.json', val_masks='val.json')
    return (), dict(places, classes=None)


def labelme(own):
    own.base()
    for name, part in named_parts(own):
        shapes = [
            dict(
                label=color,
                shape_type='rectangle',
                points=np.reshape(
                    box(own.masks[name], label), (2, 2)
                ).tolist(),
            )
            for label, color in ((1, 'red'), (2, 'green'))
        ]
        content = dict(shapes=shapes, imageHeight=80, imageWidth=96)
        path = own.root / part / 'images' / f'{name}.json'
        path.write_text(json.dumps(content))
    for part in ('labeled', 'val'):
        shutil.rmtree(own.root / part / 'masks')
    return (), dict(labeled_masks=None, val_masks=None, classes=None)


def one_folder(own):
    own.base()
    for i in range(12):
        image, mask = own.draw()
        own.save(f'all/{i}.jpg', image)
        if i < 6:
            own.save(f'all/{i}_mask.png', mask)
    places = dict(
        labeled_images='all', labeled_masks=None, unlabeled_images=None
    )
    return (), places


def four_bands(own):
    own.base()
    for part in ('labeled', 'unlabeled', 'val'):
        for path in list((own.root / part / 'images').iterdir()):
            image = np.array(Image.open(path))
            path.unlink()
            tifffile.imwrite(
                path.with_suffix('.tif'),
                np.dstack([image, image[..., :1]]),
                photometric='minisblack',
            )
    return (), {}


LAYOUTS = [rgb_png, class_files, coco, labelme, one_folder, four_bands]


@pytest.mark.slow
@pytest.mark.parametrize('layout', LAYOUTS)
def test_six_layouts(own, run_tool, layout):
    args, places = layout(own)
    own.config(*args, **places)
    root = own.root
    run_tool('train.py', 'my.py', '--cfg-options', *SHORT, cwd=root)
    weights = 'work_dirs/my/iter_4.pth'
    done = run_tool('test.py', 'my.py', weights, cwd=root)
    assert 'mIoU' in done.stdout and 'green' in done.stdout
    folder = places.get('labeled_images', 'unlabeled/images')
    out = ('--out', 'predicted')
    run_tool('predict.py', 'my.py', weights, folder, *out, cwd=root)
    masks = [n for n in own.names('predicted/masks') if n.endswith('.png')]
    images = [n for n in own.names(folder) if not n.endswith('.json')]
    assert len(masks) >= 10 and len(masks) == len(images)
    mask = np.array(Image.open(root / 'predicted/masks' / masks[0]))
    assert mask.shape == (80, 96) and set(np.unique(mask)) <= {0, 1, 2}


@pytest.mark.slow
def test_without_validation_images(own, run_tool):
    """F2: the shortest command ends in pictures; F14: in any program."""
    own.base().config(val=False)
    root = own.root
    run_tool('train.py', 'my.py', '--cfg-options', *SHORT, cwd=root)
    weights = 'work_dirs/my/iter_4.pth'
    done = run_tool('test.py', 'my.py', weights, cwd=root, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    assert 'no images with masks' in done.stdout
    assert 'tools/predict.py' in done.stdout
    images = ('unlabeled/images', '--out', 'out')
    run_tool('predict.py', 'my.py', weights, *images, cwd=root)
    run_tool('report.py', 'work_dirs/my', cwd=root)
    assert (root / 'work_dirs/my/report.html').is_file()
    assert len(own.names('out/overlays')) == 10
    # Both the config that was written and the one of the run.
    code = (
        'import sys\n'
        'from mmseg.apis import MMSegInferencer\n'
        f'inferencer = MMSegInferencer(sys.argv[1], {weights!r}, '
        "device='cpu')\n"
        "print(inferencer('unlabeled/images/u00.png')['predictions'].shape)\n"
    )
    for config in ('my.py', 'work_dirs/my/my.py'):
        done = subprocess.run(
            [sys.executable, '-c', code, config],
            cwd=root,
            capture_output=True,
            text=True,
        )
        assert '(80, 96)' in done.stdout, done.stderr[-2000:]


def test_no_network_is_one_sentence(own, run_tool):
    """F22: before the data check, with the way out."""
    own.base().config()
    text = (own.root / 'my.py').read_text()
    address = 'http://127.0.0.1:9/w.pth'
    text += f'\nmodel.update(pretrained={address!r})\n'
    (own.root / 'my.py').write_text(text)
    done = run_tool('train.py', 'my.py', cwd=own.root, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    (line,) = (n for n in done.stdout.splitlines() if n.startswith('error'))
    assert address in line and 'model.pretrained=None' in line


def test_settings_that_fail_late_are_refused_at_the_start(own, run_tool):
    """F9, F10, F17 and F18, all at once."""
    model = (own.root / 'tiny.py').read_text()
    model += (
        "model['auxiliary_head'] = dict(type='FCNHead', in_channels=64, "
        'in_index=3, channels=8, num_classes=2)\n'
    )
    (own.root / 'tiny.py').write_text(model)
    own.base().config()
    text = (
        (own.root / 'my.py')
        .read_text()
        .replace(
            'auxiliary_head=dict(num_classes=3)',
            'auxiliary_head=dict(num_classes=2)',
        )
    )
    text += (
        "train_cfg = dict(_delete_=True, type='EpochBasedTrainLoop', "
        'max_epochs=2)\n'
        "default_hooks = dict(checkpoint=dict(save_best='IoU.red'))\n"
        "model['decode_head'].update(loss_decode=dict("
        'class_weight=[1.0, 2.0, 2.0], avg_non_ignore=True))\n'
    )
    (own.root / 'my.py').write_text(text)
    done = run_tool('train.py', 'my.py', cwd=own.root, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    for words in (
        'an epoch over InfiniteSampler never ends',
        'model.auxiliary_head.num_classes=2',
        "save_best='IoU.red'",
        '=True with class_weight',
        '4 settings are wrong',
    ):
        assert words in done.stdout, done.stdout


@pytest.mark.slow
def test_light_model(own, project_root):
    own.base()
    cfg = own.config('--model', 'light')
    assert 'The training takes about' in own.printed
    assert '2000 of them' in own.printed
    assert cfg.model.backbone.type == 'MobileNetV2'
    assert cfg.model.pretrained is None and cfg.crop_size == (64, 64)
    assert cfg.train_cfg.max_iters == 2000


def test_weights_by_file(own):
    own.base()
    printed = own.refuse('--weights', 'gone.pth')
    assert 'no checkpoint gone.pth' in printed
    (own.root / 'w.pth').write_bytes(b'weights')
    printed = own.refuse('--weights', 'w.pth')
    assert 'w.pth is no whole checkpoint' in printed
    torch.save({'state_dict': {'a': torch.ones(1)}}, own.root / 'w.pth')
    cfg = own.config('--weights', 'w.pth')
    init = dict(type='Pretrained', checkpoint=str(own.root / 'w.pth'))
    assert cfg.model.backbone.init_cfg == init
    assert cfg.model.pretrained is None


def test_programs_in_weights_are_not_run(own):
    own.base()
    torch.save({'a': Program(own.root / 'ran')}, own.root / 'w.pth')
    for model in ('light', 'mmseg::_base_/models/segformer_mit-b0.py'):
        printed = own.refuse('--weights', 'w.pth', '--model', model)
        assert 'w.pth holds more than weights' in printed
    assert not (own.root / 'ran').exists()
    own.config('--weights', 'w.pth', '--trust-checkpoint')
    assert 'my.py --trust-checkpoint' in own.printed
    assert (own.root / 'ran').exists()


def test_configs_of_whole_recipes_are_refused(own):
    own.base()
    (own.root / 'whole.py').write_text(
        'model = dict(type="EncoderDecoder")\ntrain_dataloader = dict()\n'
    )
    printed = own.refuse('--model', 'whole.py')
    assert 'config of a model alone' in printed
    printed = own.refuse('--model', 'gone.py')
    assert 'there is no config' in printed and 'gone.py' in printed
    (own.root / 'bad.yaml').write_text('model: [a, b')
    printed = own.refuse('--model', 'bad.yaml')
    assert 'the config bad.yaml cannot be read' in printed
