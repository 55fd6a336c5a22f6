"""Arguments of the test."""

import runpy
import sys

import pytest

DUMP = dict(type='DumpResults', out_file_path='results.pkl')


@pytest.fixture
def config_of(project_root, toy_config, tmp_path, monkeypatch):
    """The config of a test of the toy config, as the tool makes it."""
    monkeypatch.syspath_prepend(project_root / 'tools')
    monkeypatch.chdir(tmp_path)
    tool = runpy.run_path(str(project_root / 'tools' / 'test.py'))

    def config_of(*arguments):
        toy_config.dump('toy.py')
        command = ['test.py', 'toy.py', 'toy.pth', *arguments]
        monkeypatch.setattr(sys, 'argv', command)
        return tool['config_of'](tool['parse_args']())

    return config_of


def test_label_maps_of_one_of_several_metrics(toy_config, config_of):
    metric = dict(type='IoUMetric', iou_metrics=['mIoU'])
    toy_config.test_evaluator = [DUMP, metric, metric]
    first, second, third = config_of('--out', 'maps').test_evaluator
    assert first == DUMP and 'output_dir' not in third
    assert second.output_dir == 'maps'
    toy_config.test_evaluator = metric
    assert config_of('--out', 'maps').test_evaluator.output_dir == 'maps'


def test_label_maps_of_no_metric(toy_config, config_of):
    toy_config.test_evaluator = [DUMP]
    with pytest.raises(ValueError, match='has an argument output_dir'):
        config_of('--out', 'maps')


def test_nothing_to_measure_in_a_list(toy_config, config_of):
    toy_config.test_evaluator = [dict(type='IoUMetric', format_only=True)]
    with pytest.raises(ValueError, match='no images with masks to test on'):
        config_of()


@pytest.mark.parametrize('missing', ['tta_model', 'tta_pipeline'])
@pytest.mark.parametrize('how', ['none', 'left out'])
def test_augmented_images_need_two_entries(
    toy_config, config_of, missing, how
):
    toy_config.tta_model = dict(type='SegTTAModel')
    toy_config.tta_pipeline = [dict(type='LoadImageFromFile')]
    cfg = config_of('--tta')
    assert cfg.model.module.type == 'USRN'
    assert cfg.test_dataloader.dataset.pipeline == cfg.tta_pipeline
    toy_config[missing] = None
    if how == 'left out':
        toy_config.pop(missing)
    with pytest.raises(ValueError, match=f'--tta needs {missing}, which toy'):
        config_of('--tta')


def tta_pipeline():
    """A small one of MMSeg's form."""
    flips = [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]
    last = [[dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]]
    return [
        dict(type='LoadImageFromFile'),
        dict(type='TestTimeAug', transforms=[flips, *last]),
    ]


def test_augmented_images_are_loaded_as_in_the_test(toy_config, config_of):
    image = dict(type='LoadBands', bands=[2, 1, 0])
    masks = dict(type='LoadWideAnnotations', ignore_index=300)
    pack = dict(type='PackSegInputs')
    toy_config.tta_model = dict(type='SegTTAModel')
    toy_config.tta_pipeline = tta_pipeline()
    toy_config.test_dataloader.dataset.pipeline = [image, masks, pack]
    first, second = config_of('--tta').test_dataloader.dataset.pipeline
    assert first == image
    assert second.transforms[1:] == [[masks], [pack]]
    assert len(second.transforms[0]) == 2


def test_augmented_images_of_wrapped_datasets(toy_config, config_of):
    toy_config.tta_model = dict(type='SegTTAModel')
    toy_config.tta_pipeline = tta_pipeline()
    dataset = toy_config.test_dataloader.dataset
    repeated = dict(type='RepeatDataset', times=1, dataset=dataset)
    toy_config.test_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[dataset, repeated]
    )
    both = config_of('--tta').test_dataloader.dataset
    assert 'pipeline' not in both
    for inner in (both.datasets[0], both.datasets[1].dataset):
        assert inner.pipeline[1].type == 'TestTimeAug'


def test_what_draws_must_be_there(toy_config, config_of):
    toy_config.default_hooks.visualization = None
    with pytest.raises(ValueError, match='need default_hooks.visualization'):
        config_of('--show-dir', 'drawn')


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
