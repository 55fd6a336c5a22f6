"""Try every model base of MMSegmentation as USRN and print which work.

For each base: build it, run one semi-supervised training step, compare the
gradients with those of the stock model and the prediction with the stock
model's, bit for bit. Inputs are 64x64 pixels, weights random, plain
transformers and heads smaller than in the base. ``--write`` puts the tables
into docs/models.md.
"""

import argparse
import re
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_trial import check_step
from small_models import all_models, model_bases, small_model, type_of

import mmseg_usrn  # noqa: F401  (registers the models)
from mmseg_usrn.models.backbones import FORK_RULES

DOCS = Path(__file__).resolve().parents[2] / 'docs' / 'models.md'
BEGIN = '<!-- written by tests/model_zoo/list_models.py -->'
END = '<!-- end of what is written -->'
NO_OPERATORS = (
    'needs the compiled operators `mmcv.ops`, which this project does not ask '
    'for'
)
HEADER = (
    '| model | backbone | head | fork_after | works |',
    '|---|---|---|---|---|',
)


@dataclass
class Outcome:
    """What became of one model.

    Attributes:
        name: Name of the base.
        backbone: Type of the backbone.
        head: Type of the decode head.
        last_fork: Largest ``fork_after``, 0 if the model was not built.
        problem: Why it does not work, empty if it does.
        seconds: Time taken.
    """

    name: str
    backbone: str
    head: str
    last_fork: int = 0
    problem: str = ''
    seconds: float = 0.0

    def row(self) -> str:
        """The outcome as a row of the table."""
        works = f'no: {self.problem}' if self.problem else 'yes'
        stages = f'1 to {self.last_fork}' if self.last_fork else ''
        cells = [self.name, self.backbone, self.head, stages, works]
        return f'| {" | ".join(cells)} |'


def try_model(name: str, path: Path) -> Outcome:
    """Build a model as USRN, train a step, predict and compare.

    Args:
        name: Name for the table.
        path: A config of MMSegmentation.
    """
    init_default_scope('mmseg')
    start = time.perf_counter()
    torch.manual_seed(0)
    stock = small_model(path)
    outcome = Outcome(
        name, type_of(stock, 'backbone'), type_of(stock, 'decode_head')
    )
    try:
        model = MODELS.build(ConfigDict(stock, type='USRN'))
    except (ValueError, RuntimeError, ImportError, AttributeError) as error:
        outcome.problem = reason(error)
    else:
        outcome.last_fork = last_fork(model.backbone.trunk)
        outcome.problem = '; '.join(check_step(model, MODELS.build(stock)))
    outcome.seconds = time.perf_counter() - start
    return outcome


def reason(error: Exception) -> str:
    """The beginning of an error message, fit for a cell of a table."""
    text = ' '.join(str(error).split())
    if 'mmcv' in text and 'ops' in text or 'PSAMask' in text:
        return NO_OPERATORS
    return re.split(r'[:;] ', text)[0]


def last_fork(backbone: torch.nn.Module) -> int:
    """Largest number of stages that the branches can share."""
    for cls in type(backbone).__mro__:
        if cls.__name__ in FORK_RULES:
            return FORK_RULES[cls.__name__][1](backbone) - 1
    return 0


def tables(outcomes: list[Outcome]) -> str:
    """The outcomes as they stand in the docs."""
    bases = model_bases()
    parts = {
        'Model bases of MMSegmentation': [
            o for o in outcomes if o.name in bases
        ],
        'Other configs of MMSegmentation': [
            o for o in outcomes if o.name not in bases
        ],
    }
    lines = []
    for title, rows in parts.items():
        working = sum(not row.problem for row in rows)
        lines += [f'### {title}', '']
        lines += [f'{working} of {len(rows)} work.', '', *HEADER]
        lines += [*(row.row() for row in rows), '']
    return '\n'.join(lines)


def write_docs(outcomes: list[Outcome], path: Path = DOCS) -> None:
    """Replace the tables in the docs.

    Args:
        outcomes: All models.
        path: A Markdown file with both markers.
    """
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f'{before}{BEGIN}\n\n{tables(outcomes)}\n{END}{after}')


def main() -> None:
    """Try the models that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('names', nargs='*', help='bases; all if none is named')
    parser.add_argument(
        '--write', action='store_true', help=f'put all into docs/{DOCS.name}'
    )
    args = parser.parse_args()
    paths = all_models()
    wrong = set(args.names) - set(paths)
    if wrong or (args.names and args.write):
        parser.error(
            f'no such model: {", ".join(wrong)}; known are {", ".join(paths)}'
            if wrong
            else '--write needs all models: leave the names out'
        )
    torch.set_num_threads(1)
    outcomes = []
    for name in args.names or paths:
        outcomes.append(try_model(name, paths[name]))
        print(f'{outcomes[-1].row()} {outcomes[-1].seconds:.1f} s', flush=True)
    print(f'{sum(not o.problem for o in outcomes)} of {len(outcomes)} work')
    if args.write:
        write_docs(outcomes)


if __name__ == '__main__':
    main()
