"""Several folders of labeled images whose names repeat."""

import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_usrn.data_check import check_config

LAYOUTS = dict(
    parallel=('images/{}', 'masks/{}'),
    together=('{}', '{}'),
    apart=('{}/images', '{}/masks'),
)


@pytest.fixture
def trips(own):
    """Draws two folders with images 0 to 4; the second lacks some masks.

    It returns the folders as arguments of the tool, and the mask of every
    labeled image, by path below the root.
    """

    def trips(layout, prefix=('', ''), first=2):
        drawn, images, masks = {}, [], []
        for place, trip in enumerate(('t1', 't2')):
            folders = [f.format(trip) for f in LAYOUTS[layout]]
            images.append(folders[0])
            masks.append(folders[1])
            for i in range(5):
                picture, labels = own.draw()
                image = f'{folders[0]}/{prefix[place]}{i:03}.jpg'
                own.save(image, picture)
                if i >= first * place:
                    mask = f'{folders[1]}/{prefix[place]}{i:03}.png'
                    own.save(mask, labels)
                    drawn[image] = labels
        places = dict(
            labeled_images=images,
            labeled_masks=masks,
            unlabeled_images=None,
            val=False,
        )
        return places, drawn

    return trips


def labeled_of(own, cfg):
    """Labels of every labeled image of a config, by path below the root."""
    settings = cfg.train_dataloader.dataset.labeled
    pipeline = [settings.pipeline[0], dict(type='LoadAnnotations')]
    dataset = DATASETS.build({**settings, 'pipeline': pipeline})
    items = [dataset[i] for i in range(len(dataset))]
    start = len(str(own.root)) + 1
    return {item['img_path'][start:]: item['gt_seg_map'] for item in items}


@pytest.mark.parametrize('layout', ['parallel', 'together'])
@pytest.mark.parametrize('option', [[], ['--labeled-count', '5']])
def test_names_that_repeat(own, trips, layout, option):
    places, drawn = trips(layout, first=0 if option else 2)
    cfg = own.config(*option, **places)
    found = labeled_of(own, cfg)
    assert len(found) == (5 if option else 8) and set(found) <= set(drawn)
    for path, labels in found.items():
        np.testing.assert_array_equal(labels, drawn[path])
    report = check_config(cfg)
    assert not report.errors
    assert sum(report.counts.values()) == 10


def test_masks_that_lie_otherwise_are_refused(own, trips):
    places, _ = trips('apart')
    printed = own.refuse(**places)
    assert 'such as 000 in' in printed and 'images/1, images/2' in printed
    assert not list(own.root.glob('my*'))


def test_names_that_differ_need_no_common_folder(own, trips):
    places, drawn = trips('apart', prefix=('a', 'b'))
    cfg = own.config(**places)
    assert set(labeled_of(own, cfg)) == set(drawn)
    assert not check_config(cfg).errors


def test_names_that_repeat_without_a_list(own, trips):
    places, drawn = trips('apart', first=0)
    own.save('more/x.jpg', own.draw()[0])
    cfg = own.config(**{**places, 'unlabeled_images': 'more'})
    assert set(labeled_of(own, cfg)) == set(drawn)
