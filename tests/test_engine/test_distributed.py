"""Runs in several processes, on GPUs and on CPUs."""

from mmengine.config import ConfigDict

from mmseg_usrn.engine.distributed import replace_sync_bn


def test_replace_sync_bn():
    model = ConfigDict(
        dict(
            backbone=dict(norm_cfg=dict(type='SyncBN', eps=0.1)),
            heads=[dict(norm_cfg=dict(type='SyncBN')), dict(type='GN')],
        )
    )
    assert replace_sync_bn(model)
    assert model.backbone.norm_cfg == dict(type='BN', eps=0.1)
    assert model.heads[0]['norm_cfg']['type'] == 'BN'
    assert not replace_sync_bn(model)
