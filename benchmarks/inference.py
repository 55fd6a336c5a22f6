"""CPU time of a prediction: ``python benchmarks/inference.py``.

Contenders, with the same weights and image files:

* ``inference_model``: MMSegmentation's, file by file, on the stock model;
* ``predict``: what ``tools/predict.py --no-overlays`` does;
* ``test``: a step of ``tools/test.py`` on a USRN, without the metric;
* ``stock test``: the same step on the stock model that is in it.

The first two read a file and write its mask; the others start from loaded
images. Each is a process of its own with one thread; their rounds alternate,
and the first rounds, in which networks are compiled, do not count. Time is
CPU time of an image; memory is the peak above the process before the model is
built. ``--compare REV`` runs another commit's ``predict`` and ``test`` beside.
Rows go to ``benchmarks/results.csv`` with ``--save``; ``--table`` prints the
last ones as Markdown.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from functools import partial
from pathlib import Path

import _common
import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.apis import inference_model
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn.modules.batchnorm import _BatchNorm
from train_step import SMALL, VOC, resident

from mmseg_usrn.apis import Predictor, build_class_branch, predict_images
from mmseg_usrn.apis.predict import Image, PredictionWriter

SETTINGS = {
    'small': (SMALL, (480, 360), 8),
    'voc': (VOC, (500, 375), 3),
}
"""Recipe, width and height of the files, and images of a round."""
OURS = ('predict', 'test')
CONTENDERS = ('inference_model', 'predict', 'stock test', 'test')
STOCK = {'predict': 'inference_model', 'test': 'stock test'}
"""What the contenders of ours are measured against."""
WARM_UP = 2
"""Rounds that do not count."""


def main() -> None:
    """Measure, print the table, or serve as a measured process."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    add = parser.add_argument
    add('--model', nargs='+', default=SETTINGS, choices=SETTINGS)
    add('--rounds', type=int, default=9)
    add('--contenders', nargs='+', default=CONTENDERS, choices=CONTENDERS)
    add('--compare', metavar='REV', help='another commit')
    add('--device', choices=('cpu', 'cuda'), default='cpu')
    add('--save', action='store_true')
    add('--table', action='store_true')
    add('--serve', nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve)
        return
    if args.table:
        print(table(_common.load_rows()))
        return
    for setting in args.model:
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
        write_images(setting, Path(folder))
        processes = {
            (contender, name): _common.start(
                __file__, tree, *map(str, (tree, contender, setting)),
                args.device, folder
            )
            for name, tree in trees.items()
            for contender in args.contenders
            if tree == _common.ROOT or contender in OURS
        }  # fmt: skip
        for number in range(WARM_UP + args.rounds):
            for key, process in processes.items():
                answer = _common.ask(process, number)
                if number >= WARM_UP:
                    answers.setdefault(key, []).append(answer)
        for process in processes.values():
            _common.stop(process)
        print(f'{setting}: {count_differing(Path(folder))}')
    suffix = '' if args.device == 'cpu' else ', cuda'
    return [
        summarize(*key, setting + suffix, rounds)
        for key, rounds in answers.items()
    ]


def summarize(
    contender: str, commit: str, setting: str, rounds: list[dict]
) -> dict:
    """A row of the results."""
    seconds = [one['seconds'] for one in rounds]
    low, _, high = statistics.quantiles(seconds, n=4, method='inclusive')
    return dict(
        date=date.today().isoformat(),
        benchmark='inference',
        contender=contender,
        setting=setting,
        seconds=round(statistics.median(seconds), 5),
        iqr=round(high - low, 5),
        peak_mib=round(max(one['mib'] for one in rounds)),
        commit=commit,
    )


def table(rows: list[dict]) -> str:
    """The last rows of every setting as Markdown, with ratios."""
    last = {
        (row['setting'], row['contender'], row['commit']): row
        for row in rows
        if row['benchmark'] == 'inference'
    }
    lines = [
        '| setting | contender | commit | CPU ms (IQR) | throughput '
        '| peak MiB |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for (setting, contender, commit), row in last.items():
        base = next(
            (
                float(other['seconds'])
                for key, other in last.items()
                if key[:2] == (setting, STOCK.get(contender))
            ),
            None,
        )
        seconds = float(row['seconds'])
        ratio = f'{base / seconds:.2f} x' if base else ''
        lines.append(
            f'| {setting} | {contender} | {commit} | {1e3 * seconds:.1f} '
            f'({1e3 * float(row["iqr"]):.1f}) | {ratio} | {row["peak_mib"]} |'
        )
    return '\n'.join(lines)


def write_images(setting: str, folder: Path) -> None:
    """JPEG files of coloured patches and noise."""
    _, (width, height), count = SETTINGS[setting]
    rng = np.random.default_rng(0)
    for number in range(count):
        patches = rng.integers(0, 200, (9, 12, 3), np.uint8)
        image = cv2.resize(patches, (width, height))
        noise = rng.integers(0, 50, image.shape, np.uint8)
        cv2.imwrite(str(folder / f'{number}.jpg'), image + noise)


def serve(
    tree: str, contender: str, setting: str, device: str, folder: str
) -> None:
    """Answer every line with the seconds of an image and the peak memory."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    bare = resident('VmRSS')
    config = Config.fromfile(Path(tree) / SETTINGS[setting][0])
    images = sorted(Path(folder).glob('*.jpg'))
    out = Path(folder) / f'{contender} {Path(tree).name}'
    predict = build(contender, config, device, images, out)
    clock = time.process_time if device == 'cpu' else time.perf_counter
    for _ in sys.stdin:
        started = clock()
        labels = predict()
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds = (clock() - started) / len(images)
        peak = (
            resident('VmHWM') - bare
            if device == 'cpu'
            else torch.cuda.max_memory_allocated() / 2**20
        )
        print(json.dumps(dict(seconds=seconds, mib=peak)), flush=True)
    out.mkdir(exist_ok=True)
    np.save(out / 'labels.npy', torch.stack(labels).byte().cpu().numpy())


def count_differing(folder: Path) -> str:
    """In how many pixels the contenders' predictions differ, in words."""
    maps = [np.load(path) for path in sorted(folder.glob('*/labels.npy'))]
    differing = [int((one != maps[0]).sum()) for one in maps]
    return f'{max(differing)} of {maps[0].size} pixels differ'


def build(
    contender: str,
    config: Config,
    device: str,
    images: list[Path],
    out: Path,
) -> Callable[[], list[torch.Tensor]]:
    """What a contender does in a round; it returns the label maps.

    Args:
        contender: One of :data:`CONTENDERS`.
        config: Of the recipe.
        device: Where the model runs.
        images: Files of the round.
        out: Folder of the masks.
    """
    init_default_scope('mmseg')
    whole = build_usrn(config)
    with tempfile.NamedTemporaryFile(suffix='.pth') as file:
        torch.save(dict(state_dict=whole.state_dict()), file.name)
        stock = build_class_branch(config, file.name, device)
    stock.cfg.test_pipeline = stock.cfg.test_dataloader.dataset.pipeline
    palette = stock.dataset_meta['palette']
    writer = PredictionWriter(out, palette, overlays=False)
    entries = [Image(path, path.stem) for path in images]
    if contender == 'predict':
        run = partial(predict_files, Predictor(stock), entries, writer)
    elif contender == 'inference_model':
        run = partial(infer_files, stock, entries, writer)
    else:
        loader = Predictor(stock, compiled=False)
        batches = [pseudo_collate([loader.load(path)]) for path in images]
        model = whole.to(device) if contender == 'test' else stock
        run = partial(run_steps, model, batches)
    return lambda: [sample.pred_sem_seg.data for sample in run()]


def predict_files(
    predictor: Predictor, images: list[Image], writer: PredictionWriter
) -> list:
    """Samples of files, as ``tools/predict.py`` makes them."""
    found = []

    def save(image: Image, sample: SegDataSample) -> None:
        writer(image, sample)
        found.append(sample)

    for image, problem in predict_images(predictor, images, save):
        if problem:
            raise RuntimeError(image.path) from problem
    return found


def infer_files(
    model: torch.nn.Module, images: list[Image], writer: PredictionWriter
) -> list:
    """Samples of files, by a loop over MMSegmentation's function."""
    found = []
    for image in images:
        found.append(inference_model(model, str(image.path)))
        writer(image, found[-1])
    return found


@torch.no_grad()
def run_steps(model: torch.nn.Module, batches: list[dict]) -> list:
    """Samples of loaded images, as the test makes them."""
    return [model.test_step(deepcopy(batch))[0] for batch in batches]


@torch.no_grad()
def build_usrn(config: Config) -> torch.nn.Module:
    """The recipe's model with random weights whose predictions vary."""
    model = config.model.copy()
    model.pop('pretrained', None)
    model.backbone.pop('init_cfg', None)
    torch.manual_seed(0)
    built = revert_sync_batchnorm(MODELS.build(model))
    patches = torch.randn(2, 3, 9, 12).repeat_interleave(20, 2)
    patches = patches.repeat_interleave(20, 3)
    for module in built.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = None  # takes the statistics of all batches
    built(patches)
    built.eval()
    # No class is ahead of the others everywhere.
    classify = built.decode_head.class_head.conv_seg
    spread, mean = torch.std_mean(built(patches), (0, 2, 3))
    classify.weight /= spread[:, None, None, None]
    classify.bias -= mean
    classify.bias /= spread
    return built


if __name__ == '__main__':
    main()
