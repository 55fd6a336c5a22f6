"""Checkpoints that a kill at any moment leaves whole."""

from mmseg_usrn.engine.safe_runner import SafeRunner


def test_only_half_checkpoints_are_removed(toy_config, tmp_path):
    folder = tmp_path / 'work_dir'
    folder.mkdir()
    ours = (
        *('iter_3.pth.part', 'best_mIoU_iter_3.pth.part'),
        *('epoch_1.pth.part', 'last_checkpoint.part'),
    )
    users = ('video.mp4.part', 'weights.pth.part', 'notes.part')
    for name in (*ours, *users):
        (folder / name).touch()
    SafeRunner.from_cfg(toy_config).train()
    assert sorted(p.name for p in folder.glob('*.part')) == sorted(users)
