"""Model card: a README with the fields that model hubs read."""

from pathlib import Path

import yaml
from mmengine.config import Config
from mmseg.models.segmentors import EncoderDecoder

from ..scalars import read_scalars, scalar_files

METRICS = dict(mIoU='Mean IoU', mAcc='Mean accuracy', aAcc='Pixel accuracy')
TEXT = """
# {name}

Semantic segmentation of {number} classes: {classes}.
{backbone} with {head}, trained with mmseg_usrn (USRN, CVPR 2022).

## Use

It is a plain MMSegmentation model:

```python
from mmseg.apis import MMSegInferencer

inferencer = MMSegInferencer('{name}.py', '{name}.pth')
inferencer('image.jpg', out_dir='results')
```

## Data

{data}. To be filled in: which images, how many of them with masks, and who
may use them.

## Results

{results}

## Licence

{license}
"""


def model_card(
    name: str,
    model: EncoderDecoder,
    scores: dict[str, float],
    license_name: str = 'unknown',
) -> str:
    """The card of a model.

    Args:
        name: Name of the model's files.
        model: As of :func:`build_class_branch`.
        scores: As of :func:`validation_scores`.
        license_name: Identifier of the licence, as hubs write it.
    """
    cfg, classes = model.cfg, model.dataset_meta['classes']
    data = _data(cfg)
    fields: dict = dict(
        license=license_name,
        library_name='mmsegmentation',
        pipeline_tag='image-segmentation',
        tags=['semantic-segmentation', 'semi-supervised', 'usrn'],
    )
    if scores:
        fields['metrics'] = ['mean_iou']
        fields['model-index'] = [_result(name, data, scores)]
    text = TEXT.format(
        name=name,
        number=len(classes),
        classes=', '.join(classes),
        backbone=type(model.backbone).__name__,
        head=type(model.decode_head).__name__,
        data=data,
        results=_table(scores) if scores else 'None are recorded.',
        license=(
            'Not stated.'
            if license_name == 'unknown'
            else f'{license_name}, of the weights; the images they were '
            'trained on have their own.'
        ),
    )
    head = yaml.safe_dump(fields, sort_keys=False)
    return f'---\n{head}---\n{text}'


def _table(scores: dict[str, float]) -> str:
    rows = [f'| {METRICS[k]} | {value:.2f} |' for k, value in scores.items()]
    head = ['On the validation images, in percent:', '']
    return '\n'.join([*head, '| metric | value |', '|---|---|', *rows])


def _data(cfg: Config) -> str:
    """The kind of the data; no paths, which are nobody's business."""
    dataset = cfg.train_dataloader.dataset
    kind = dataset.get('labeled', dataset).type
    if kind == 'FolderSegDataset':
        return 'Custom'
    return kind.removesuffix('Dataset')


def _result(name: str, data: str, scores: dict[str, float]) -> dict:
    metrics = [
        dict(
            type='mean_iou' if key == 'mIoU' else key,
            name=METRICS[key],
            value=value,
        )
        for key, value in scores.items()
    ]
    task = dict(type='image-segmentation')
    dataset = dict(name=data, type=data.lower())
    result = dict(task=task, dataset=dataset, metrics=metrics)
    return dict(name=name, results=[result])


def validation_scores(
    checkpoint: str, iteration: int | None
) -> dict[str, float]:
    """What the run has measured at the iteration of a checkpoint.

    Read from the records (``scalars.json``) in the work directory, since a
    checkpoint is saved before its validation.

    Args:
        checkpoint: Path of the checkpoint, in the work directory.
        iteration: When it was saved; None if it is not known.

    Returns:
        ``mIoU``, ``mAcc`` and ``aAcc`` in percent; empty if there is no
        record.
    """
    found: dict[str, float] = {}
    for file in scalar_files(Path(checkpoint).resolve().parent):
        for row in read_scalars(file):
            if row['step'] == iteration and 'mIoU' in row:
                found = {k: row[k] for k in METRICS if k in row}
    return found
