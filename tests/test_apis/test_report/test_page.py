"""The page of a toy training."""

from base64 import b64decode
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmseg_usrn.apis.report import read_run, write_report
from mmseg_usrn.engine.safe_runner import SafeRunner
from mmseg_usrn.models.checkpoints import read_checkpoint, stock_model
from tests import toy
from tests.browser import look_at


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    """A toy run with a log of each iteration."""
    root = tmp_path_factory.mktemp('report')
    toy.write_toy_images(root / 'toy')
    cfg = toy.toy_config(root / 'toy', root / 'run')
    cfg.default_hooks.logger = dict(type='LoggerHook', interval=1)
    cfg.log_level = 'INFO'
    cfg.visualizer = dict(
        type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
    )
    cfg.custom_hooks.append(
        dict(type='PseudoLabelVisualizationHook', interval=2)
    )
    for i in range(3):  # of seven unlabeled images; nothing but ground
        toy.save(root / 'hidden' / f'{i}.png', np.zeros((48, 64), np.uint8))
    cfg.experiment_name = 'report'
    SafeRunner.from_cfg(Config(cfg._cfg_dict.to_dict())).train()
    return root / 'run'


@pytest.fixture(scope='module')
def page(work_dir, tmp_path_factory):
    """Its report, with itself as the baseline."""
    out = tmp_path_factory.mktemp('page') / 'report.html'
    run = read_run(work_dir)
    masks = str(work_dir.parent / 'hidden')
    write_report(run, out, baseline=run, unlabeled_masks=masks)
    return out


def test_a_test_leaves_the_config_and_the_report_of_the_run(work_dir):
    written = {p: p.read_text() for p in work_dir.glob('*.py')}
    run = read_run(work_dir)
    cfg = deepcopy(run.config)
    cfg.experiment_name = 'test'
    cfg.load_from = str(run.checkpoint)
    cfg.model = dict(type='SegTTAModel', module=cfg.model)
    resize = dict(type='Resize', scale_factor=1.0)
    load, _, pack = cfg.test_dataloader.dataset.pipeline
    augment = dict(type='TestTimeAug', transforms=[[resize], [pack]])
    cfg.test_dataloader.dataset.pipeline = [load, augment]
    cfg.test_evaluator = dict(type='IoUMetric', format_only=True)
    cfg.test_evaluator.output_dir = str(work_dir.parent / 'maps')
    SafeRunner.from_cfg(cfg).test()
    assert len(list(work_dir.glob('*/vis_data/config.py'))) == 2
    assert {p: p.read_text() for p in work_dir.glob('*.py')} == written
    assert read_run(work_dir).config.model == run.config.model


class Parts(HTMLParser):
    """Pictures, text and whatever a browser would load."""

    def __init__(self, text):
        super().__init__()
        self.pictures, self.loaded, self.texts = {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == 'img':
            self.pictures[values['alt']] = values['src']
        self.loaded += [
            values[name]
            for name in ('src', 'href', 'srcset', 'data')
            if name in values
        ]

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_needs_no_other_file_and_its_pictures_decode(page):
    text = page.read_text()
    assert len(text) < 5e6
    assert 'url(' not in text and '@import' not in text
    parts = Parts(text)
    assert all(source.startswith('data:') for source in parts.loaded)
    for source in parts.pictures.values():
        kind, content = source.split(';base64,')
        if kind == 'data:image/svg+xml':
            assert ElementTree.fromstring(b64decode(content)).tag
        else:
            Image.open(BytesIO(b64decode(content))).load()


def test_the_page_shows_all_parts(page):
    parts = Parts(page.read_text())
    names = set(parts.pictures)
    assert {'Losses', 'confusion matrix', 'class balance'} <= names
    assert 'Gate and kept pseudo labels, share of pixels' in names
    for i in range(2):
        for kind in ('image', 'truth', 'prediction'):
            assert f'{kind} of {i}.png' in names
    assert {f'subclass {s}' for s in range(8)} <= names
    assert {'ground', 'one', 'two', 'three', 'Environment'} <= set(parts.texts)
    assert parts.texts.count('+0.0') >= 1  # against itself


def test_the_page_shows_the_pseudo_labels_over_time(page):
    text = page.read_text()
    parts = Parts(text)
    drawn = [f'pseudo labels of iteration {step}' for step in (2, 4, 6)]
    assert [name for name in parts.pictures if name in drawn] == drawn
    assert 'quality of the pseudo labels' in parts.pictures
    assert '3 unlabeled images' in text
    assert 'subclass branch right' in parts.texts
    place = parts.texts.index('all')
    kept, *_ = (t for t in parts.texts[place + 2 :] if t)
    assert parts.texts[place + 1 :].count('100.00') == 2  # all, and ground
    assert 0 <= float(kept) <= 100


def test_a_run_without_subclasses_and_logs(work_dir, tmp_path):
    run = read_run(work_dir)
    config = deepcopy(run.config)
    config.model = stock_model(config.model)
    stock = replace(run, config=config, series={})
    with pytest.raises(ValueError, match='makes no pseudo labels'):
        write_report(
            stock, tmp_path / 'none.html', unlabeled_masks=str(tmp_path)
        )
    out = tmp_path / 'new' / 'report.html'
    write_report(stock, out)
    names = set(Parts(out.read_text()).pictures)
    assert 'confusion matrix' in names
    assert not {'class balance', 'subclass 0', 'Losses'} & names


def test_a_run_without_masks_to_measure_on(work_dir, tmp_path):
    """As `new_dataset.py` writes it for labeled and unlabeled folders."""
    run = read_run(work_dir)
    config = deepcopy(run.config)
    config.val_dataloader = None
    unlabeled = config.train_dataloader.dataset.unlabeled
    config.test_dataloader = dict(
        dataset=dict(unlabeled, type='UnlabeledDataset')
    )
    without = replace(run, config=config)
    out = tmp_path / 'report.html'
    write_report(without, out)
    parts = Parts(out.read_text())
    assert {'Losses', 'class balance', 'subclass 0'} <= set(parts.pictures)
    assert 'confusion matrix' not in parts.pictures
    assert 'IoU, %' not in parts.texts and 'ground' in parts.texts
    with pytest.raises(ValueError, match='no validation images with masks'):
        write_report(without, tmp_path / 'two.html', run)
    config.model = stock_model(config.model)
    write_report(without, tmp_path / 'stock.html')
    assert 'rare' not in Parts((tmp_path / 'stock.html').read_text()).texts


def test_a_baseline_of_other_classes_is_refused(work_dir, tmp_path):
    run = read_run(work_dir)
    content = read_checkpoint(str(run.checkpoint))
    content['meta']['dataset_meta']['classes'] = ('a', 'b', 'c', 'd')
    other = tmp_path / 'other.pth'
    torch.save(content, other)
    with pytest.raises(ValueError, match='other classes: a, b, c, d'):
        write_report(
            run, tmp_path / 'out.html', replace(run, checkpoint=other)
        )
    assert not (tmp_path / 'out.html').exists()


@pytest.mark.slow
def test_page_fits_a_phone_and_a_screen(page):
    found, faults = look_at(page.parent, [page.name])
    assert faults == []
    assert min(row['images'] for row in found) > 10


@pytest.mark.slow
def test_the_tool_overwrites_nothing(work_dir, run_tool, tmp_path):
    out = tmp_path / 'report.html'
    out.write_text('mine')
    again = run_tool('report.py', work_dir, '--out', out, check=False)
    assert again.returncode == 1
    assert f'error: {out} would be overwritten' in again.stdout
    assert out.read_text() == 'mine'
    done = run_tool('report.py', work_dir, '--out', out, '--force')
    assert f'report in {out}' in done.stdout
    assert 'confusion matrix' in out.read_text()
    none = run_tool('report.py', tmp_path / 'none', check=False)
    assert none.returncode == 1 and 'Traceback' not in none.stdout
    assert 'error: there is no work dir' in none.stdout
