"""The paper's recipe as the configs state it, against the table it is from."""

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmseg_usrn.datasets.transforms import RandomScaleCrop
from mmseg_usrn.engine.run_config import to_baseline

PAD_BGR = (104, 116, 124)
# name: labeled images, training images, epochs in the original's config,
# images per GPU of USRN and of the baseline's whole batch, subclasses
RUNS = {
    'voc_1over64': (165, 10582, 80, 4, 8, 201),
    'voc_1over32': (331, 10582, 80, 4, 8, 177),
    'voc_1over16': (662, 10582, 80, 4, 8, 190),
    'cityscapes_1over32': (93, 2975, 480, 1, 4, 111),
    'cityscapes_1over16': (186, 2975, 480, 1, 4, 130),
    'cityscapes_1over8': (372, 2975, 480, 1, 4, 124),
}


@pytest.fixture
def load(project_root):
    """Reads a config of the paper by its name."""
    init_default_scope('mmseg')
    folder = project_root / 'configs/usrn/paper'
    return lambda name: Config.fromfile(folder / f'paper_{name}.py')


@pytest.fixture
def load_baseline(load):
    """Reads the supervised baseline of a config of the paper."""

    def load_baseline(name):
        cfg = load(name)
        cfg.merge_from_dict(cfg.baseline)
        to_baseline(cfg)
        return cfg

    return load_baseline


@pytest.mark.parametrize('name', RUNS)
def test_iterations_are_those_of_the_original(load, load_baseline, name):
    labeled, images, epochs, per_gpu, batch, _ = RUNS[name]
    epochs *= images // labeled
    for cfg, size in ((load(name), per_gpu), (load_baseline(name), batch)):
        assert cfg.train_cfg.max_iters == labeled // size * epochs
        assert cfg.train_cfg.max_iters % cfg.train_cfg.val_interval == 0
        assert cfg.param_scheduler.end == cfg.train_cfg.max_iters + 1
        assert cfg.auto_scale_lr.base_batch_size == batch


@pytest.mark.parametrize('name', RUNS)
def test_subclasses_are_the_published_ones(load, name):
    cfg = load(name)
    (hook,) = cfg.custom_hooks
    assert len(hook.subclasses_per_class) == cfg.model.decode_head.num_classes
    assert sum(hook.subclasses_per_class) == RUNS[name][-1]
    assert cfg.model.num_subclasses == RUNS[name][-1]
    assert f'/paper_{name}_baseline/' in hook.feature_checkpoint


@pytest.mark.parametrize('name', RUNS)
def test_parts_of_a_run_agree(load, load_baseline, name):
    fraction = name.split('_')[1]
    usrn, baseline = load(name), load_baseline(name)
    parts = usrn.train_dataloader.dataset
    assert parts.split_dir.endswith(f'/{fraction}')
    supervised = baseline.train_dataloader.dataset
    assert supervised.ann_file.endswith(f'/{fraction}/labeled.txt')
    assert parts.feature_pipeline == usrn.val_dataloader.dataset.pipeline
    assert usrn.model.backbone == baseline.model.backbone
    assert usrn.model.decode_head == baseline.model.decode_head
    assert usrn.optim_wrapper == baseline.optim_wrapper
    assert usrn.default_hooks.checkpoint.save_best == 'mIoU'


@pytest.mark.parametrize(
    ('name', 'lr'), [('voc_1over32', 0.01), ('cityscapes_1over32', 0.02)]
)
def test_optimizer_groups(load, name, lr):
    """58 tensors of heads at lr, 285 of the backbone at lr / 10."""
    cfg = load(name)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    assert isinstance(optimizer, torch.optim.SGD)
    rates = {
        id(parameter): group['lr']
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    by_part = {'backbone': [], 'decode_head': []}
    for key, parameter in model.named_parameters():
        by_part[key.split('.')[0]].append(rates.pop(id(parameter)))
    assert not rates
    assert len(by_part['decode_head']) == 58
    assert by_part['decode_head'] == pytest.approx([lr] * 58)
    assert len(by_part['backbone']) == 285
    assert by_part['backbone'] == pytest.approx([lr / 10] * 285)
    for group in optimizer.param_groups:
        assert group['momentum'] == 0.9
        assert group['weight_decay'] == 1e-4
        assert not group['nesterov']


def test_learning_rate_is_polynomial(load):
    cfg = load('voc_1over32').param_scheduler
    steps = 40
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = PARAM_SCHEDULERS.build(
        {**cfg, 'end': steps + 1}, default_args=dict(optimizer=optimizer)
    )
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    expected = 0.01 * (1 - np.arange(steps) / steps) ** 0.9
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def write_lists(root, name, stems):
    """Puts all but the last training image in the labeled list."""
    folder = root / 'data/splits' / name
    folder.mkdir(parents=True)
    (folder / 'labeled.txt').write_text('\n'.join(stems[:-1]))
    (folder / 'unlabeled.txt').write_text(stems[-1])


def check_samples(cfg, crop):
    """One training sample and one test sample of a config."""
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    item = dataset[0]
    images = [item['inputs']['sup'], *item['inputs']['unsup_strong']]
    assert [image.shape for image in images] == 2 * [(3, crop, crop)]
    for part in (
        dataset.without_augmentation(),
        DATASETS.build(cfg.val_dataloader.dataset),
    ):
        packed = part[0]
        sides = packed['inputs'].shape[1:]
        meta = packed['data_samples'].metainfo
        assert all(side % 8 == 0 for side in sides)
        assert sides[0] - meta['padding_size'][3] == meta['ori_shape'][0]
        assert sides[1] - meta['padding_size'][1] == meta['ori_shape'][1]
        labels = packed['data_samples'].gt_sem_seg.data
        assert tuple(labels.shape[1:]) == meta['ori_shape']


def test_voc_is_read_from_its_true_folders(
    load, load_baseline, voc_root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_lists(tmp_path, 'voc/1over32', [f'2007_{i:06d}' for i in range(8)])
    check_samples(load('voc_1over32'), 320)
    baseline = load_baseline('voc_1over32').train_dataloader.dataset
    assert len(DATASETS.build(baseline)) == 7


def test_cityscapes_is_read_from_its_true_folders(
    load, load_baseline, cityscapes_root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    stems = [f'aachen/aachen_{i:06d}_000019' for i in range(4)]
    write_lists(tmp_path, 'cityscapes/1over8', stems)
    check_samples(load('cityscapes_1over8'), 720)
    baseline = load_baseline('cityscapes_1over8').train_dataloader.dataset
    assert len(DATASETS.build(baseline)) == 3


def pipelines(cfg):
    """Labeled and unlabeled pipeline without the loading of files."""
    parts = cfg.train_dataloader.dataset
    labeled = [
        step
        for step in parts.labeled.pipeline
        if step['type'] not in ('LoadImageFromFile', 'LoadAnnotations')
    ]
    return Compose(labeled), Compose(parts.unlabeled.pipeline[1:])


def sample(shape, labels):
    """A saturated image whose left half is red, the right half blue."""
    image = np.zeros((*shape, 3), np.uint8)
    image[:, : shape[1] // 2, 2] = 250
    image[:, shape[1] // 2 :, 0] = 250
    results = dict(
        img=image,
        ori_shape=shape,
        img_shape=shape,
        seg_fields=[],
        sample_idx=0,
    )
    if labels:
        results['gt_seg_map'] = np.zeros(shape, np.uint8)
        results['seg_fields'] = ['gt_seg_map']
    return results


def within(count, draws, share):
    """Whether a count is within 4 deviations of a binomial's mean."""
    return abs(count - draws * share) < 4 * np.sqrt(
        draws * share * (1 - share)
    )


@pytest.mark.parametrize(
    ('name', 'crop', 'labeled_sides', 'unlabeled_sides', 'jitter'),
    [
        ('voc_1over32', 320, (200, 800), (320, 800), False),
        ('cityscapes_1over32', 720, (1024, 4096), (1638, 4096), True),
    ],
)
def test_augmentation_steps(
    load, name, crop, labeled_sides, unlabeled_sides, jitter
):
    labeled, unlabeled = pipelines(load(name))
    for pipeline, sides in (
        (labeled, labeled_sides),
        (unlabeled, unlabeled_sides),
    ):
        steps = {type(step): step for step in pipeline.transforms}
        assert steps[RandomScaleCrop].long_side == sides
        assert steps[RandomScaleCrop].crop_size == (crop, crop)
        assert steps[RandomScaleCrop].color == PAD_BGR[::-1]
        names = [type(step).__name__ for step in pipeline.transforms]
        first = names.index('RandomScaleCrop')
        assert names[first + 1] == 'RandomFlip'
    names = [type(step).__name__ for step in labeled.transforms]
    assert ('ColorJitter' in names) == jitter
    branches = unlabeled.transforms[-1].branch_pipelines
    assert len(branches['unsup_weak'].transforms) == 1
    strong = branches['unsup_strong'].transforms[:-1]
    assert [
        (type(step.transforms.transforms[0]).__name__, step.prob)
        for step in strong
    ] == [('GaussianBlur', 0.5), ('ColorJitter', 0.8), ('ToGray', 0.2)]


@pytest.mark.slow
def test_labeled_crops_have_the_stated_padding(load):
    """12.2 % of the pixels of 500x375 images, REFERENCE section 2."""
    labeled, _ = pipelines(load('voc_1over32'))
    np.random.seed(0)
    draws = 300
    pad = torch.tensor(PAD_BGR, dtype=torch.uint8)[:, None]
    padded, flips = [], 0
    for _ in range(draws):
        packed = labeled(sample((375, 500), labels=True))
        assert packed['inputs'].shape == (3, 320, 320)
        data = packed['data_samples']
        labels, cells = data.gt_sem_seg.data[0], data.gt_cell_map.data[0]
        assert cells.shape == labels.shape == (320, 320)
        padding = labels == 255
        colour = packed['inputs'][:, padding]
        assert torch.equal(colour, pad.expand_as(colour))
        padded.append(padding.float().mean().item())
        flips += data.metainfo['flip']
    error = 4 * np.std(padded) / np.sqrt(draws)
    assert np.mean(padded) == pytest.approx(0.122, abs=error)
    assert within(flips, draws, 0.5)


@pytest.mark.slow
def test_unlabeled_views_share_geometry_and_differ_in_colour(load):
    """22 % of the crops are padded, 2.8 % of the pixels (500x375)."""
    _, unlabeled = pipelines(load('voc_1over32'))
    np.random.seed(0)
    torch.manual_seed(0)
    draws = 300
    pad = torch.tensor(PAD_BGR)[:, None, None]
    shares, same, gray, flips = [], 0, 0, 0
    for _ in range(draws):
        packed = unlabeled(sample((375, 500), labels=False))
        weak, strong = (
            packed['inputs'][f'unsup_{view}'].int()
            for view in ('weak', 'strong')
        )
        shares.append((weak == pad).all(dim=0).float().mean().item())
        same += torch.equal(weak, strong)
        gray += bool((strong == strong[:1]).all())
        metas = [s.metainfo for s in packed['data_samples'].values()]
        assert metas[0]['flip'] == metas[1]['flip']
        flips += metas[0]['flip']
        # The edge between the halves lies in the same column of both views.
        row = weak[:, 0]
        edge = int((row[0] > 125).int().diff().abs().argmax())
        if 3 < edge < 316 and not (strong == strong[:1]).all():
            contrast = strong[:, 0, edge + 3] - strong[:, 0, edge - 3]
            assert contrast.abs().max() > 50
    error = 4 * np.std(shares) / np.sqrt(draws)
    assert np.mean(shares) == pytest.approx(0.028, abs=error)
    assert within(np.count_nonzero(shares), draws, 0.22)
    assert within(flips, draws, 0.5)
    assert within(gray, draws, 0.2)
    # Neither blurred (0.5) nor jittered (0.2 left out) nor gray (0.8). Where
    # no edge is in the crop a blur changes nothing: at least this many.
    assert same >= draws * 0.08 - 4 * np.sqrt(draws * 0.08)
