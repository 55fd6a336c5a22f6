"""Three stages, of the paper on two processes and of any recipe on one."""

import pytest
import torch
from PIL import Image

SMALL = (
    *('--cfg-options', 'train_cfg.val_interval=2', 'param_scheduler.end=7'),
    'default_hooks.checkpoint.interval=2',
    'default_hooks.checkpoint.max_keep_ckpts=2',
    'train_cfg.max_iters=6',
    *('model.backbone.depth=18', 'model.backbone.base_channels=4'),
    *('model.backbone.init_cfg=None', 'model.decode_head.in_channels=32'),
    *('model.decode_head.c1_in_channels=4', 'model.decode_head.channels=8'),
    *('train_dataloader.num_workers=0', 'val_dataloader.num_workers=0'),
    *('train_dataloader.persistent_workers=False',),
    *('val_dataloader.persistent_workers=False',),
    *('default_hooks.logger.interval=1', 'auto_scale_lr.base_batch_size=4'),
)


@pytest.fixture
def split_tree(voc_root, tmp_path):
    """The miniature tree with lists in the place that the config names."""
    for path in voc_root.glob('*/2007_000004.*'):
        # Person needs 15 cells of 8x8 pixels for its 15 subclasses.
        with Image.open(path) as image:
            large = image.resize([2 * side for side in image.size], 0)
        large.save(path)
    names = [f'2007_{i:06d}' for i in range(8)]
    folder = tmp_path / 'data/splits/voc/1over32'
    folder.mkdir(parents=True)
    (folder / 'labeled.txt').write_text('\n'.join(names[:7]) + '\n')
    (folder / 'unlabeled.txt').write_text('\n'.join(names[7:]) + '\n')
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(1200)  # about 90 s on two free cores
def test_three_stages_and_resuming_at_each(run_tool, project_root, split_tree):
    paper = project_root / 'configs/usrn/paper'
    paper_config = paper / 'paper_voc_1over32.py'

    def recipe():
        return run_tool(
            *('three_stages.sh', paper_config, 2, *SMALL),
            cwd=split_tree,
            timeout=600,
        ).stdout

    first = recipe()
    root = split_tree / 'work_dirs'
    baseline = root / 'paper_voc_1over32_baseline'
    usrn = root / 'paper_voc_1over32_three_stages'
    assert 'clustering 7 labeled images at iteration 0' in first
    assert (baseline / 'best.pth').exists()
    best = torch.load(usrn / 'best.pth', weights_only=False)
    parents = best['state_dict']['subclass_table.subclass_to_class']
    assert torch.bincount(parents)[:7].tolist() == [121, 2, 1, 1, 1, 1, 3]

    # Stopped in stage 3, after 4 of 6 iterations: the baseline is left
    # alone, USRN goes on with the subclasses that it has.
    (usrn / 'best.pth').unlink()
    (usrn / 'iter_6.pth').unlink()
    (usrn / 'last_checkpoint').write_text(str(usrn / 'iter_4.pth'))
    again = recipe()
    assert 'baseline: done before' in again
    assert 'USRN: done before' not in again
    assert (
        'clustering' not in again.split('stages 2 and 3')[1].split('\n', 1)[1]
    )
    assert 'Iter(train) [6/6]' in again
    assert 'Iter(train) [4/6]' not in again
    assert (usrn / 'best.pth').exists()

    # Done: nothing runs.
    done = recipe()
    assert 'USRN: done before' in done
    assert 'mmengine' not in done


@pytest.mark.slow
def test_any_recipe(run_tool, toy_config, tmp_path):
    toy_config.log_level = 'INFO'
    toy_config.work_dir = None
    toy_config.custom_hooks.insert(0, dict(type='EmptyCacheHook'))
    toy_config.dump(tmp_path / 'toy.py')

    checkpoints = tmp_path / 'elsewhere'
    arguments = [
        *('--cfg-options', 'default_hooks.checkpoint.interval=4'),
        f'default_hooks.checkpoint.out_dir={checkpoints}',
    ]
    done = run_tool('three_stages.sh', 'toy.py', 1, *arguments, cwd=tmp_path)
    folder = tmp_path / 'work_dirs'
    first = folder / 'toy_baseline' / 'best.pth'
    assert first.resolve().name == 'iter_6.pth'  # none is best on val
    assert (checkpoints / 'toy_baseline' / 'iter_4.pth').exists()
    assert (checkpoints / 'toy_three_stages' / 'iter_4.pth').exists()
    clustered = [
        line for line in done.stdout.splitlines() if 'clustering 5' in line
    ]
    assert len(clustered) == 1  # in spite of warm-up and interval
    assert clustered[0].endswith(
        f'at iteration 0, features of {first.relative_to(tmp_path)}'
    )


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['x.py'], 'CONFIG GPUS'),
        (['x.py', 1], 'there is no config x.py'),
        (['demo.py', 1, '--baseline'], '--baseline is set by'),
        (['x.py', 1, '--cfg-options', 'a=1', '--work-dir', 'x'], 'set by'),
    ],
)
def test_wrong_arguments_are_explained(run_tool, project_root, args, message):
    folder = project_root / 'configs/usrn'
    done = run_tool('three_stages.sh', *args, check=False, cwd=folder)
    assert done.returncode == 2
    assert message in done.stdout


def test_a_config_without_clustering(run_tool, toy_config, tmp_path):
    """Said before the baseline is trained."""
    toy_config.custom_hooks = []
    toy_config.dump(tmp_path / 'stock.py')
    done = run_tool(
        'three_stages.sh', 'stock.py', 1, check=False, cwd=tmp_path
    )
    assert done.returncode != 0
    assert '--feature-checkpoint needs a SubclassReclusterHook' in done.stdout
    assert not list(tmp_path.rglob('*.pth'))
