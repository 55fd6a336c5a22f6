"""CPU time and memory of a training step: ``python benchmarks/train_step.py``.

Contenders, on the same network and images:

* ``plain``: the paper's mode as the paper reads, three passes with graphs and
  one backward, with up-sampled logits;
* ``paper``: the settings of ``configs/usrn/paper``;
* ``default``: the settings of the other recipes;
* ``stock``: MMSegmentation's supervised step on the labeled images.

Each is a process of its own; their steps alternate. Time is CPU time of a
step, preprocessing and optimiser included; memory is the peak above the
process before the model is built. ``--compare REV`` runs another commit's
``default`` beside. Rows go to ``benchmarks/results.csv`` with
``--save``; ``--table`` prints the last ones as Markdown.
"""

import argparse
import ctypes
import json
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import _common
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix

SMALL, VOC = 'configs/usrn/camvid_1over8.py', 'configs/usrn/voc_1over32.py'
SETTINGS = {
    'small 128': (SMALL, 128, 4),
    'small 256': (SMALL, 256, 4),
    'voc 160': (VOC, 160, 2),
    'voc 320': (VOC, 320, 2),
}
"""Recipe, crop, and images of each kind."""
CONTENDERS = ('plain', 'paper', 'default', 'stock')
PAPER = dict(threshold=0.75, gate='entropy', teacher_momentum=None)
BARS = {
    ('paper', 'plain'): dict.fromkeys(SETTINGS, (1.0, 0.62)),
    ('default', 'be92786'): {
        'small 128': (0.85, 0.78),
        'small 256': (0.85, 0.78),
        'voc 160': (0.93, 0.68),
        'voc 320': (0.93, 0.68),
    },
    ('default', 'stock'): {
        'small 128': (3.3, None),
        'small 256': (3.3, None),
    },
}
"""Largest ratio of time and of memory."""


def main() -> None:
    """Measure, print the table, or serve as a measured process."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        '--model', nargs='+', default=[''], help='beginnings of settings'
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--contenders', nargs='+', default=CONTENDERS)
    parser.add_argument('--compare', metavar='REV', help='another commit')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--save', action='store_true')
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--serve', nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve)
        return
    if args.table:
        print(table(_common.load_rows()))
        return
    for setting in SETTINGS:
        if setting.startswith(tuple(args.model)):
            rows = measure(setting, args)
            print(table(rows), flush=True)
            if args.save:
                _common.save_rows(rows)


def measure(setting: str, args: argparse.Namespace) -> list[dict]:
    """A row for every contender and commit of a setting."""
    answers: dict[tuple[str, str], list[dict]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        _common.trees(Path(folder), args.compare) as trees,
    ):
        processes = {
            (contender, name): _common.start(
                __file__, tree, str(tree), contender, setting, args.device
            )
            for name, tree in trees.items()
            for contender in args.contenders
            if tree == _common.ROOT or contender == 'default'
        }
        for number in range(args.rounds + 1):
            for key, process in processes.items():
                answer = _common.ask(process, number)
                if number:  # the first step warms up
                    answers.setdefault(key, []).append(answer)
        for process in processes.values():
            _common.stop(process)
    suffix = '' if args.device == 'cpu' else ', cuda'
    return [
        summarize(*key, setting + suffix, steps)
        for key, steps in answers.items()
    ]


def summarize(
    contender: str, commit: str, setting: str, steps: list[dict]
) -> dict:
    """A row of the results."""
    seconds = [step['seconds'] for step in steps]
    low, _, high = statistics.quantiles(seconds, n=4, method='inclusive')
    return dict(
        date=date.today().isoformat(),
        benchmark='train_step',
        contender=contender,
        setting=setting,
        seconds=round(statistics.median(seconds), 4),
        iqr=round(high - low, 4),
        peak_mib=round(max(step['mib'] for step in steps)),
        commit=commit,
    )


def table(rows: list[dict]) -> str:
    """The last rows of every setting as Markdown, with ratios."""
    last = {
        (row['setting'], row['contender'], row['commit']): row
        for row in rows
        if row['benchmark'] == 'train_step'
    }
    lines = [
        '| setting | contender | commit | CPU s (IQR) | of plain | of stock '
        '| peak MiB | of plain |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ]
    for (setting, contender, commit), row in last.items():
        base = {
            other: next(
                (r for key, r in last.items() if key[:2] == (setting, other)),
                None,
            )
            for other in ('plain', 'stock')
        }
        lines.append(
            f'| {setting} | {contender} | {commit} | '
            f'{float(row["seconds"]):.2f} ({float(row["iqr"]):.2f}) | '
            f'{ratio(row, base["plain"], "seconds")} | '
            f'{ratio(row, base["stock"], "seconds")} | {row["peak_mib"]} | '
            f'{ratio(row, base["plain"], "peak_mib")} |'
        )
    return '\n'.join(lines)


def ratio(row: dict, base: dict | None, column: str) -> str:
    """A value as a share of another row's."""
    return f'{float(row[column]) / float(base[column]):.2f}' if base else ''


def serve(tree: str, contender: str, setting: str, device: str) -> None:
    """Answer every line with the seconds and peak memory of a step."""
    import mmseg_usrn  # noqa: F401

    torch.set_num_threads(1)
    init_default_scope('mmseg')
    bare = resident('VmRSS')
    recipe, crop, batch = SETTINGS[setting]
    cfg = Config.fromfile(Path(tree) / recipe)
    torch.manual_seed(0)
    model = build_model(cfg.model, contender, crop).to(device)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = make_batch(model.num_classes, crop, batch, contender == 'stock')
    clock = time.process_time if device == 'cpu' else time.perf_counter
    for _ in sys.stdin:
        started = clock()
        model.train_step(data, wrapper)
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds = clock() - started
        peak = (
            resident('VmHWM') - bare
            if device == 'cpu'
            else torch.cuda.max_memory_allocated() / 2**20
        )
        print(json.dumps(dict(seconds=seconds, mib=peak)), flush=True)
        # The others need what this process keeps for its next step.
        ctypes.CDLL(None).malloc_trim(0)


def resident(name: str) -> float:
    """Resident memory of this process in MiB, now or at its peak."""
    text = Path('/proc/self/status').read_text()
    return int(text.split(f'{name}:')[1].split()[0]) / 1024


def build_model(config: dict, contender: str, crop: int) -> torch.nn.Module:
    """The recipe's model, without pretrained weights."""
    config = config.copy()
    config.pop('pretrained', None)
    config.backbone.pop('init_cfg', None)
    _one_process(config)
    config.data_preprocessor.size = (crop, crop)
    if contender == 'stock':
        config.type = 'EncoderDecoder'
        config.data_preprocessor.setdefault('type', 'SegDataPreProcessor')
        return MODELS.build(config).train()
    if contender in ('plain', 'paper'):
        config.update(PAPER)
    model = MODELS.build(config)
    if contender == 'plain':
        model.__class__ = plain_formulation(type(model))
        model.data_preprocessor.channels_last = False
    fill_table(model.subclass_table, crop)
    return model.train()


def _one_process(config: dict) -> None:
    for value in config.values():
        if isinstance(value, dict):
            if value.get('type') == 'SyncBN':
                value['type'] = 'BN'
            _one_process(value)


def fill_table(table: torch.nn.Module, crop: int) -> None:
    """Equal numbers of subclasses, random cells of stride 8."""
    classes, outputs = table.num_classes, table.num_subclasses
    parents = torch.arange(classes).repeat_interleave(outputs // classes)
    cells = 8 * (crop // 8) ** 2
    table.fill(
        subclass_to_class=parents,
        prototypes=torch.zeros(outputs, 8),
        prices=torch.zeros(outputs),
        cells_per_image=torch.full((8,), cells // 8),
        cell_subclass=torch.randint(outputs, (cells,), dtype=torch.int32),
        dominant_subclass=torch.full((8, classes), -1, dtype=torch.int32),
    )


def make_batch(classes: int, crop: int, size: int, stock: bool) -> dict:
    """Random images, labels in squares of 16 pixels, a tenth ignored."""
    branches = dict(sup={}, unsup_weak={}, unsup_strong={})
    for branch in branches:
        images = torch.randint(256, (size, 3, crop, crop), dtype=torch.uint8)
        branches[branch] = (
            list(images),
            [make_sample(i, classes, crop) for i in range(size)],
        )
    if stock:
        inputs, samples = branches['sup']
        return dict(inputs=inputs, data_samples=samples)
    return dict(
        inputs={name: part[0] for name, part in branches.items()},
        data_samples={name: part[1] for name, part in branches.items()},
    )


def make_sample(index: int, classes: int, crop: int) -> SegDataSample:
    """Labels, cells and number of a labeled image."""
    squares = torch.randint(classes, (1, crop // 16, crop // 16))
    squares[torch.rand(squares.shape) < 0.1] = 255
    labels = squares.repeat_interleave(16, 1).repeat_interleave(16, 2)
    rows = torch.arange(crop).div(8, rounding_mode='floor')
    cells = rows[:, None] * (crop // 8) + rows
    return SegDataSample(
        metainfo=dict(img_shape=(crop, crop), labeled_index=index),
        gt_sem_seg=PixelData(data=labels),
        gt_cell_map=PixelData(data=cells[None]),
    )


def plain_formulation(segmentor: type) -> type:
    """USRN as its paper reads: three passes, then losses, then backward."""

    class PlainUSRN(segmentor):
        train_step = EncoderDecoder.train_step

        def loss(self, inputs, data_samples):
            sup, head = data_samples['sup'], self.decode_head
            feats, subclass_feats = self.extract_dual_feat(inputs['sup'])
            strong = self.forward_unlabeled(inputs['unsup_strong'])
            weak = self.forward_unlabeled(inputs['unsup_weak'])
            labels = [
                SegDataSample(gt_sem_seg=PixelData(data=one[None]))
                for one in self.get_subclass_labels(sup)
            ]
            losses = self._auxiliary_head_forward_train(feats, sup)
            for name, branch, x, samples in (
                ('sup_class', head.class_head, feats, sup),
                ('sup_subclass', head.subclass_head, subclass_feats, labels),
            ):
                loss = branch.loss_by_feat(branch(x), samples)
                losses.update(add_prefix(loss, name))
            pseudo = self.make_pseudo_labels(weak)
            losses.update(self.loss_by_pseudo_labels(strong, pseudo))
            return losses

    return PlainUSRN


if __name__ == '__main__':
    main()
