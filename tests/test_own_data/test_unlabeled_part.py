"""What is no photograph does not come among the unlabeled images unseen."""

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmseg_usrn.data_check import check_config


def unlabeled_names(labels_of, cfg):
    return sorted(labels_of(cfg, 'unlabeled'))


@pytest.mark.parametrize('noise', [0, 12])
def test_masks_beside_unlabeled_photos(own, labels_of, noise):
    """F1: photos u00.jpg and their masks u00.png in one folder."""
    own.base(noise=noise)
    photos = []
    for i in range(10):
        image, mask = own.draw(noise=noise)
        own.save(f'all/u{i:02}.jpg', image)
        own.save(f'all/u{i:02}.png', mask)
        photos.append(f'u{i:02}.jpg')
    cfg = own.config(unlabeled_images='all')
    assert unlabeled_names(labels_of, cfg) == photos
    assert cfg.train_dataloader.dataset.unlabeled.exclude == '*.png'
    assert '10 files are left out of the unlabeled images' in own.printed
    # A config that somebody wrote by hand.
    del cfg.train_dataloader.dataset.unlabeled['exclude']
    report = check_config(cfg)
    (found,) = report.errors
    assert 'masks or predictions beside their images' in found.problem
    assert "exclude='*.png'" in found.fix and len(found.files) == 10
    cfg.train_dataloader.dataset.unlabeled.exclude = '*.png'
    assert check_config(cfg).findings == []


def test_masks_in_a_roboflow_folder(own, labels_of):
    """F1c: x.rf.ab12.jpg and x.rf.ab12_mask.png."""
    own.base()
    for i in range(8):
        image, mask = own.draw()
        own.save(f'robo/x{i}_jpg.rf.{i * 7919:04x}.jpg', image)
        own.save(f'robo/x{i}_jpg.rf.{i * 7919:04x}_mask.png', mask)
    cfg = own.config(unlabeled_images='robo')
    names = unlabeled_names(labels_of, cfg)
    assert len(names) == 8 and all(n.endswith('.jpg') for n in names)


@pytest.mark.parametrize(
    'addition, make',
    [
        ('_pred', lambda mask: mask),
        ('_pred', lambda mask: mask * 100),
        ('_overlay', lambda mask: mask[..., None] * [90, 60, 30]),
        ('_prob', lambda mask: np.linspace(0, 255, mask.size)),
    ],
)
def test_predictions_beside_photos(own, labels_of, addition, make):
    own.base()
    for i in range(10):
        image, mask = own.draw()
        made = make(mask)
        shape = mask.shape if made.ndim == 1 else made.shape
        own.save(f'all/{i}.png', image)
        own.save(
            f'all/{i}{addition}.png', made.reshape(shape).astype(np.uint8)
        )
    cfg = own.config(unlabeled_images='all')
    assert len(unlabeled_names(labels_of, cfg)) == 10
    assert f'*{addition}.png' == cfg.train_dataloader.dataset.unlabeled.exclude


def test_a_folder_of_masks_alone_is_refused(own):
    own.base()
    code, printed = own.new(unlabeled_images='val/masks')
    assert code == 1
    assert 'images of few values, as masks have' in printed


def test_images_unlike_the_rest_are_a_warning(own):
    own.base(image='.jpg')
    image, _ = own.draw()
    own.save('unlabeled/images/thumb.jpg', image[:40, :48])
    own.save('unlabeled/images/x_ray.jpg', image[..., 0])
    cfg = own.config()
    assert len(cfg.train_dataloader.dataset.unlabeled) > 0
    report = check_config(cfg)
    assert report.errors == []
    found = {f.problem: f.files[0][-9:] for f in report.warnings}
    assert found == {
        'size unlike the rest': 'thumb.jpg',
        'mode (grey or colour) unlike the rest': 'x_ray.jpg',
    }
    assert all('exclude' in f.fix for f in report.warnings)


def test_images_of_many_sizes_and_modes_are_no_finding(own):
    for part, count in (('labeled', 6), ('unlabeled', 8)):
        for i in range(count):
            image, mask = own.draw(size=(80 + i, 96))
            image = image if i % 2 else image[..., 0]
            own.save(f'{part}/images/{part}{i}.png', image)
            if part == 'labeled':
                own.save(f'{part}/masks/{part}{i}.png', mask)
    cfg = own.config(val=False)
    assert check_config(cfg).findings == []


def test_flat_drawings_are_photographs_where_all_are(own):
    own.base(noise=0)
    assert check_config(own.config()).findings == []


def test_twins_of_two_types_are_a_warning(own):
    own.base()
    for path in list((own.root / 'unlabeled/images').iterdir()):
        Image.open(path).save(path.with_suffix('.bmp'))
    cfg = own.config()
    (found,) = check_config(cfg).warnings
    assert 'two files of one name' in found.problem
    assert "exclude='*." in found.fix


def test_the_pattern_leaves_out_nothing_else(own):
    own.base()
    image, mask = own.draw()
    own.save('unlabeled/images/extra.png', image)
    own.save('unlabeled/images/extra_mask.png', mask)
    unlabeled = own.config().train_dataloader.dataset.unlabeled
    assert unlabeled.exclude == '*_mask.png'
    assert isinstance(Config(dict(a=unlabeled)), Config)
