"""Two processes against one that sees their batches together."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import nn

from mmseg_usrn.models import USRN, TwoPassDataParallel
from tests.toy import fill_table


class Preprocessed(nn.Module):
    """Stands for the preprocessor of a batch in double precision."""

    def forward(self, data, training):
        return data


@pytest.fixture(params=['USRN', 'SelfTraining'])
def config(request, toy_config):
    """Without batch norm, which sees other batches in two processes."""
    norm = dict(type='GN', num_groups=2)
    model = toy_config.model
    model.type = request.param
    model.threshold = 0.0
    model.backbone.norm_cfg = model.decode_head.norm_cfg = norm
    model.decode_head.dropout_ratio = 0.0
    model.auxiliary_head = dict(
        model.decode_head, in_channels=32, in_index=2, num_convs=1
    )
    if request.param == 'SelfTraining':
        del model['num_subclasses']
    return toy_config


def build_model(config):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    if isinstance(model, USRN):
        fill_table(model)
    return model.double().train()


def save_batch(config, model, path):
    """Four images of each kind, all pixels labeled."""
    np.random.seed(0)
    config.train_dataloader.batch_size = 4
    batch = next(iter(Runner.build_dataloader(config.train_dataloader)))
    batch = model.data_preprocessor(batch, training=True)
    for sample in batch['data_samples']['sup']:
        labels = sample.gt_sem_seg.data
        labels[labels == 255] = 1
    batch['inputs'] = {k: v.double() for k, v in batch['inputs'].items()}
    torch.save(batch, path)


def steps(model, batches, **settings):
    """Gradients at every step of the optimiser."""
    module = getattr(model, 'module', model)
    learned = [p for p in module.parameters() if p.requires_grad]
    optim_wrapper = OptimWrapper(torch.optim.SGD(learned, lr=0.1), **settings)
    found = []
    optim_wrapper.optimizer.register_step_pre_hook(
        lambda *args: found.append([p.grad.clone() for p in learned])
    )
    for batch in batches:
        model.train_step(deepcopy(batch), optim_wrapper)
    return found


def part(batch, images):
    return {
        kind: {name: values[images] for name, values in branches.items()}
        for kind, branches in batch.items()
    }


def train_half(config_file, folder):
    """One of two processes: its half of the batch, every way."""
    model = build_model(Config.fromfile(config_file))
    model.data_preprocessor = Preprocessed()
    batch = torch.load(Path(folder) / 'batch.pt', weights_only=False)
    rank = get_rank()
    batches = [part(batch, slice(2 * rank, 2 * rank + 2))] * 2
    found = {}
    for name, settings in SETTINGS.items():
        wrapped = TwoPassDataParallel(
            deepcopy(model), device_ids=None, broadcast_buffers=False
        )
        reductions = []
        wrapped.register_comm_hook(reductions, count_reductions)
        found[name] = steps(wrapped, batches, **deepcopy(settings))
        found[name + ' reductions'] = len(reductions)
        wrapped.train_step(deepcopy(batches[0]), optimizer(wrapped))
        found[name + ' buckets'] = (
            len(reductions) - found[name + ' reductions']
        )
    torch.save(found, Path(folder) / f'{rank}.pt')


def optimizer(model):
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.0))


def count_reductions(reductions, bucket):
    reductions.append(bucket.index())
    mean = bucket.buffer() / torch.distributed.get_world_size()
    future = torch.distributed.all_reduce(mean, async_op=True).get_future()
    return future.then(lambda result: result.value()[0])


SETTINGS = {
    'plain': {},
    'clipped': dict(clip_grad=dict(max_norm=0.1)),
    'accumulated': dict(accumulative_counts=2),
}


def test_gradients_are_those_of_the_global_batch(config, tmp_path, run_ranks):
    model = build_model(config)
    save_batch(config, model, tmp_path / 'batch.pt')
    config.dump(tmp_path / 'config.py')
    run_ranks(train_half, tmp_path / 'config.py', tmp_path)
    batch = torch.load(tmp_path / 'batch.pt', weights_only=False)
    model.data_preprocessor = Preprocessed()
    ranks = [
        torch.load(tmp_path / f'{rank}.pt', weights_only=False)
        for rank in range(2)
    ]
    for name, settings in SETTINGS.items():
        expected = steps(deepcopy(model), [batch] * 2, **deepcopy(settings))
        assert len(expected) == (1 if name == 'accumulated' else 2)
        for found in ranks:
            torch.testing.assert_close(
                found[name], expected, rtol=1e-9, atol=1e-12
            )
            # Every bucket of gradients is reduced once a step.
            buckets = found[name + ' buckets']
            assert found[name + ' reductions'] == buckets * len(expected) > 0
