"""Exports of MMSegmentation's model bases: which work, size, time, difference.

    python benchmarks/export.py --write

Goes through the bases that USRN takes (docs/models.md), made small as there,
with random weights. A row of `export_results.jsonl` is one base in one form;
rows that are there are not measured again. Times are CPU time of one image
of the recorded size, one thread, the fastest of seven. ``--write`` puts the
table into docs/export.md.

    python benchmarks/export.py --write --trained NAME CONFIG CHECKPOINT

tests a trained model and its exports on the images of ``test_dataloader``:
mIoU, and the pixels whose label is not PyTorch's.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

import mmseg_usrn  # noqa: F401  (registers the models)
from mmseg_usrn.apis.class_branch import build_class_branch
from mmseg_usrn.apis.export import (
    FILES,
    ExportedNetwork,
    ExportOptions,
    load_onnx,
    load_openvino,
    load_torch,
    write_onnx,
    write_openvino,
    write_torch,
)

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'benchmarks' / 'export_results.jsonl'
TRAINED = ROOT / 'benchmarks' / 'export_trained.jsonl'
DOCS = ROOT / 'docs' / 'export.md'
BEGIN = '<!-- written by benchmarks/export.py: {} -->'
END = '<!-- end -->'
FORMS = dict(
    onnx=(write_onnx, load_onnx),
    openvino=(write_openvino, load_openvino),
    torch=(write_torch, load_torch),
)
SIZE = 128
SIZES = {'BEiT': 64, 'MAE': 64, 'MobileNetV3': 392}
"""Recorded sizes; the first two take no other, the third no smaller one."""

sys.path.insert(0, str(ROOT / 'tests' / 'model_zoo'))
from small_models import all_models, small_model, type_of  # noqa: E402


def working_models() -> list[str]:
    """Names of the bases that USRN takes, as docs/models.md has them."""
    rows = (ROOT / 'docs' / 'models.md').read_text().splitlines()
    return [
        row.split('|')[1].strip() for row in rows if row.endswith('| yes |')
    ]


def build(name: str) -> ExportedNetwork:
    """A small base with random weights whose logits differ."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = small_model(all_models()[name])
    size = SIZES.get(type_of(config, 'backbone'), SIZE)
    model = MODELS.build(config).eval()
    if getattr(model.decode_head, 'conv_seg', None) is not None:
        torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    return ExportedNetwork(model, ExportOptions((size, size)))


def measure(name: str, form: str) -> dict:
    """Export a base in one form."""
    network = build(name)
    write, load = FORMS[form]
    row = dict(model=name, form=form, size=network.size[0])
    start = time.process_time()
    with TemporaryDirectory() as folder:
        path = Path(folder) / FILES[form][0].format('network')
        try:
            outcome = write(network, path)
        except ValueError as error:
            return dict(row, problem=str(error))
        row |= dict(
            seconds=round(time.process_time() - start, 1),
            batch=outcome.dynamic.batch,
            any_size=outcome.dynamic.size,
            multiple=outcome.dynamic.multiple,
            difference=float(f'{outcome.difference:.1e}'),
            reason=outcome.reason,
            mb=sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6,
            ms=milliseconds(load(path), network.size),
        )
    with torch.no_grad():
        row['pytorch_ms'] = milliseconds(
            lambda x: network(torch.from_numpy(x)), network.size
        )
    return row


def milliseconds(run: Callable, size: tuple[int, int]) -> float:
    """CPU time of one image."""
    image = np.random.default_rng(0).normal(size=(1, 3, *size))
    image = image.astype(np.float32)
    times = []
    for _ in range(7):
        start = time.process_time()
        run(image)
        times.append(time.process_time() - start)
    return round(1e3 * min(times), 1)


def table(rows: list[dict]) -> str:
    """The results as a table, a line a base."""
    lines = [
        '| model | ONNX | OpenVINO | torch | difference | ONNX, MB '
        '| ms: PyTorch | ONNX Runtime | OpenVINO | torch |',
        '|---|---|---|---|---|---|---|---|---|---|',
    ]
    for name in sorted({row['model'] for row in rows}):
        found = {row['form']: row for row in rows if row['model'] == name}
        done = [row for row in found.values() if 'ms' in row]
        worst = max((row['difference'] for row in done), default=None)
        pytorch = min((row['pytorch_ms'] for row in done), default='')
        onnx = found.get('onnx', {})
        cells = [
            name,
            *(kind(found.get(form)) for form in FORMS),
            f'{worst:.0e}' if done else '',
            f'{onnx["mb"]:.1f}' if 'mb' in onnx else '',
            pytorch,
            *(found.get(form, {}).get('ms', '') for form in FORMS),
        ]
        lines.append(f'| {" | ".join(map(str, cells))} |')
    return '\n'.join(lines)


def kind(row: dict | None) -> str:
    """What an export takes, in a word."""
    if row is None:
        return ''
    if 'problem' in row:
        return 'no'
    if not row['any_size']:
        return 'fixed' if row['batch'] else 'fixed, one image'
    return 'any' if row['multiple'] == 1 else f'{row["multiple"]}n'


def measure_trained(name: str, config: str, checkpoint: str) -> dict:
    """Test a trained model and all of its exports."""
    model = build_class_branch(config, checkpoint)
    model.requires_grad_(False)
    network = ExportedNetwork(model, ExportOptions())
    miou, labels = test(model)
    row = dict(model=name, images=len(labels), pytorch=miou)
    with TemporaryDirectory() as folder:
        for form, (write, load) in FORMS.items():
            path = Path(folder) / FILES[form][0].format('network')
            write(network, path)
            row[form], found = test(model, load(path))
            pairs = zip(labels, found, strict=True)
            differing = sum((a != b).sum().item() for a, b in pairs)
            row[f'{form}_differing'] = differing
    return row | dict(pixels=sum(x.numel() for x in labels))


def test(model: EncoderDecoder, run: Callable | None = None) -> tuple:
    """Test by MMSegmentation's own test.

    Args:
        model: A stock segmentor with its config.
        run: Takes the place of its network.
    """
    loader = Runner.build_dataloader(model.cfg.test_dataloader)
    evaluator = Evaluator(model.cfg.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    if run:
        model.encode_decode = lambda x, _: torch.from_numpy(run(x.numpy()))
    labels = []
    for data in loader:
        samples = model.test_step(data)
        evaluator.process(samples, data)
        labels += [x.pred_sem_seg.data.byte() for x in samples]
    return float(evaluator.evaluate(len(labels))['mIoU']), labels


def trained_table(rows: list[dict]) -> str:
    """The tests as a table, a line a model."""
    lines = [
        '| model | images | mIoU: PyTorch | ONNX Runtime | OpenVINO | torch '
        '| pixels whose label differs |',
        '|---|---|---|---|---|---|---|',
    ]
    for row in rows:
        worst = max(row[f'{form}_differing'] for form in FORMS)
        cells = [
            row['model'],
            row['images'],
            *(f'{row[form]:.2f}' for form in ('pytorch', *FORMS)),
            f'{worst} of {row["pixels"] / 1e6:.1f} million',
        ]
        lines.append(f'| {" | ".join(map(str, cells))} |')
    return '\n'.join(lines)


def read(path: Path) -> list[dict]:
    """The rows of a file of results."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def add(path: Path, row: dict) -> None:
    """Write a row to a file of results, and show it."""
    with path.open('a') as file:
        file.write(json.dumps(row) + '\n')
    print(row, flush=True)


def write_docs(name: str, text: str) -> None:
    """Put a table into its place in the docs."""
    begin = BEGIN.format(name)
    before, rest = DOCS.read_text().split(begin)
    _, after = rest.split(END, 1)
    DOCS.write_text(f'{before}{begin}\n\n{text}\n\n{END}{after}')


def main() -> None:
    """Measure what is missing, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('models', nargs='*', help='default: all')
    parser.add_argument('--forms', nargs='+', choices=FORMS, default=FORMS)
    parser.add_argument('--write', action='store_true', help='write the docs')
    parser.add_argument(
        '--trained',
        nargs=3,
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='test this model instead',
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.trained:
        add(TRAINED, measure_trained(*args.trained))
    else:
        known = {(row['model'], row['form']) for row in read(RESULTS)}
        for form in args.forms:
            for name in args.models or working_models():
                if (name, form) not in known:
                    add(RESULTS, measure(name, form))
    if args.write:
        write_docs('bases', table(read(RESULTS)))
        write_docs('trained', trained_table(read(TRAINED)))


if __name__ == '__main__':
    main()
