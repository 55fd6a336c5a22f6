"""Exports of MMSegmentation's model bases: which work, size, time, difference.

    python benchmarks/export.py --write

Goes through the bases that USRN takes (docs/models.md), made small as there,
with random weights. A row of `export_results.jsonl` is one base in one form;
rows that are there are not measured again. Times are CPU time of one image
of the recorded size, one thread, the fastest of seven. ``--write`` puts the
table into docs/export.md.
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
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mmseg_usrn  # noqa: F401  (registers the models)
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
DOCS = ROOT / 'docs' / 'export.md'
BEGIN, END = '<!-- written by benchmarks/export.py -->', '<!-- end -->'
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


def main() -> None:
    """Measure what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('models', nargs='*', help='default: all')
    parser.add_argument('--forms', nargs='+', choices=FORMS, default=FORMS)
    parser.add_argument('--write', action='store_true', help='write the docs')
    args = parser.parse_args()
    torch.set_num_threads(1)
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    rows = [json.loads(line) for line in lines]
    known = {(row['model'], row['form']) for row in rows}
    for form in args.forms:
        for name in args.models or working_models():
            if (name, form) in known:
                continue
            rows.append(measure(name, form))
            with RESULTS.open('a') as file:
                file.write(json.dumps(rows[-1]) + '\n')
            print(rows[-1], flush=True)
    if args.write:
        before, rest = DOCS.read_text().split(BEGIN)
        after = rest.split(END)[1]
        DOCS.write_text(f'{before}{BEGIN}\n\n{table(rows)}\n\n{END}{after}')


if __name__ == '__main__':
    main()
