"""Batches that workers hand over."""

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

from mmseg_usrn.datasets import one_message_collate
from mmseg_usrn.engine.safe_runner import SafeRunner

DTYPES = [torch.uint8, torch.bool, torch.int64, torch.float32, torch.float64]


class Samples:
    """Samples with tensors of several types, sizes and layouts."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        torch.manual_seed(index)
        images = torch.randint(256, (5 + index, 7, 3), dtype=torch.uint8)
        sample = SegDataSample(metainfo=dict(labeled_index=index, name='a'))
        sample.gt_sem_seg = PixelData(data=torch.randint(9, (1, 5, 7)))
        return dict(
            inputs=dict(sup=images.permute(2, 0, 1), weak=[images[:0]]),
            data_samples=dict(sup=sample),
            types=[torch.ones(3).to(dtype) for dtype in DTYPES],
            number=torch.tensor(index),
            word='word',
        )


def batches(collate, workers, samples=None):
    loader = DataLoader(
        samples or Samples(),
        batch_size=2,
        num_workers=workers,
        collate_fn=collate,
        timeout=60 if workers else 0,
    )
    return list(loader)


@pytest.mark.parametrize('workers', [0, 1])
def test_batches_are_those_of_pseudo_collate(workers):
    found = batches(one_message_collate, workers)
    expected = batches(pseudo_collate, 0)
    assert len(found) == len(expected) == 3
    for ours, theirs in zip(found, expected, strict=True):
        samples = [batch.pop('data_samples') for batch in (ours, theirs)]
        assert ours.keys() == theirs.keys()
        torch.testing.assert_close(
            {**ours, 'word': None},
            {**theirs, 'word': None},
            rtol=0,
            atol=0,
            allow_subclasses=False,
        )
        assert ours['word'] == theirs['word']
        for a, b in zip(*(s['sup'] for s in samples), strict=True):
            assert a.metainfo == b.metainfo
            assert torch.equal(a.gt_sem_seg.data, b.gt_sem_seg.data)


def test_tensors_of_a_batch_come_in_one_piece():
    batch = batches(one_message_collate, 1)[0]
    tensors = [
        *batch['inputs']['sup'],
        *(sample.gt_sem_seg.data for sample in batch['data_samples']['sup']),
        *batch['number'],
    ]
    assert len({t.untyped_storage().data_ptr() for t in tensors}) == 1
    assert all(t.is_contiguous() and t.is_shared() for t in tensors)
    before = tensors[1].clone()
    tensors[0].fill_(0)
    assert torch.equal(tensors[1], before)


def test_tensors_that_are_not_plain_come_as_before():
    class Special(Samples):
        def __getitem__(self, index):
            same = torch.arange(3)
            return dict(sparse=torch.eye(2).to_sparse(), twice=(same, same))

    batch = batches(one_message_collate, 1, Special())[0]
    assert batch['sparse'][0].is_sparse
    assert torch.equal(batch['sparse'][1].to_dense(), torch.eye(2))
    first, second = (part[0] for part in batch['twice'])
    assert first is second


def test_what_cannot_be_sent_ends_the_training():
    """Not the sender, whose fault the training would wait for in vain."""

    class Unsendable(Samples):
        def __getitem__(self, index):
            return dict(inputs=lambda: index)

    with pytest.raises(Exception, match='lambda'):
        batches(one_message_collate, 1, Unsendable())


@pytest.mark.parametrize('own', [None, 'default_collate'])
def test_training_takes_it_unless_the_config_has_another(toy_config, own):
    if own:
        toy_config.train_dataloader.collate_fn = dict(type=own)
    runner = SafeRunner.from_cfg(toy_config)
    loader = runner.build_dataloader(runner._train_dataloader)
    function = getattr(loader.collate_fn, 'func', loader.collate_fn)
    assert function.__name__ == (own or 'one_message_collate')
