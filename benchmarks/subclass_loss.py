"""Time and memory of the subclass loss: fused, and as the plain formula.

    python benchmarks/subclass_loss.py --out benchmarks/subclass_loss.jsonl

Each measurement is a process of its own, one thread, forward and backward of
one crop of 512x512; the contenders take turns. Memory is the peak above the
process before the loss.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F

from mmseg_usrn.models.losses import upsampled_cross_entropy

CROP = 512


def measure(contender: str, outputs: int, stride: int) -> dict:
    """CPU seconds and peak memory in GiB of one loss."""
    torch.set_num_threads(1)
    side = CROP // stride
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, outputs, side, side, generator=generator)
    labels = torch.randint(outputs, (1, CROP, CROP), generator=generator)
    logits.requires_grad_()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    if contender == 'fused':
        loss, _ = upsampled_cross_entropy(logits, labels, ignore_index=-100)
    else:
        large = F.interpolate(logits, (CROP, CROP), mode='bilinear')
        loss = F.cross_entropy(large, labels, reduction='none').sum()
        large.topk(1, dim=1)  # the accuracy in the log
    loss.backward()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return dict(
        contender=contender,
        outputs=outputs,
        stride=stride,
        seconds=round(time.process_time() - start, 3),
        gib=round((peak - before) / 2**20, 3),
        loss=loss.item() / labels.numel(),
    )


def compare(rounds: int) -> list[dict]:
    """A row for each number of outputs, stride and contender."""
    rows = []
    for outputs in (640, 1200):
        for stride in (4, 8):
            found: dict[str, list[dict]] = {'plain': [], 'fused': []}
            for _ in range(rounds):
                for contender, runs in found.items():
                    arguments = [contender, str(outputs), str(stride)]
                    command = [sys.executable, __file__, '--one', *arguments]
                    output = subprocess.check_output(command, text=True)
                    runs.append(json.loads(output.splitlines()[-1]))
            for runs in found.values():
                seconds = median(run['seconds'] for run in runs)
                gib = median(run['gib'] for run in runs)
                rows.append({**runs[0], 'seconds': seconds, 'gib': gib})
                print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', type=Path, help='file of the results')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--one', nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        contender, outputs, stride = args.one
        print(json.dumps(measure(contender, int(outputs), int(stride))))
        return
    rows = compare(args.rounds)
    if args.out:
        lines = ''.join(json.dumps(row) + '\n' for row in rows)
        args.out.write_text(lines)


if __name__ == '__main__':
    main()
