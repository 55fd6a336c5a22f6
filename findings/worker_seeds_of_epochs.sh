#!/usr/bin/env bash
# Workers of a data loader of onedl-mmengine 0.10.12 that are not persistent.
#
# A plain DataLoader seeds its workers anew in each epoch, Python's, NumPy's
# and PyTorch's generators. Runner.build_dataloader gives it a worker_init_fn,
# which seeds them by the run's seed, the rank and the number of the worker
# only. Workers begin with each epoch unless persistent_workers=True, so
# every epoch draws the same random numbers: what is drawn in transforms does
# not depend on the epoch. Configs of the toolboxes mostly set
# persistent_workers=True, but PyTorch's default is False.
# Seen: the numbers of two epochs, drawn by random.random() in the data set,
# are equal; with persistent workers, and with PyTorch's own loader, none is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3' \
    onedl-mmengine==0.10.12 opencv-python-headless==4.13.0.92 'setuptools<81'
cat >"$folder/epochs.py" <<'PYTHON'
import random

from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset


class Draws(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return random.random()


def of_mmengine(persistent):
    return Runner.build_dataloader(
        dict(
            dataset=Draws(),
            batch_size=2,
            num_workers=2,
            persistent_workers=persistent,
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        ),
        seed=0,
    )


def equal_share(loader):
    epochs = []
    for epoch in range(2):
        if hasattr(loader.sampler, 'set_epoch'):
            loader.sampler.set_epoch(epoch)
        epochs.append([x.item() for batch in loader for x in batch])
    return len(set(epochs[0]) & set(epochs[1])) / 8


if __name__ == '__main__':
    for name, loader, expected in (
        ('MMEngine', of_mmengine(False), 1.0),
        ('MMEngine, persistent', of_mmengine(True), 0.0),
        ('PyTorch', DataLoader(Draws(), 2, num_workers=2), 0.0),
    ):
        share = equal_share(loader)
        print(f'{name}: {share:.0%} of the numbers of epoch 2 are of epoch 1')
        assert share == expected
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/epochs.py"
