"""The pictures of the demo, from what ``tools/demo.py`` has trained."""

import statistics
from pathlib import Path

import mmcv
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmseg_usrn.datasets.paired_dataset import of_split
from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import load_weights, read_checkpoint
from mmseg_usrn.models.semi import trace_pseudo_labels
from mmseg_usrn.visualization import (
    draw_segmentation,
    draw_subclasses,
    plot_class_balance,
    plot_image_grid,
    plot_pseudo_labels,
)

NUM_ROWS = 4


def save_pictures(work_dir: Path, seed: int, results: dict) -> list[Path]:
    """Draw predictions, pseudo labels and class balance of one seed.

    Args:
        work_dir: Folder of the demo; the pictures go there.
        seed: The seed whose models are shown.
        results: IoU by class, by model, by seed.

    Returns:
        The files written.
    """
    folder = work_dir / f'seed{seed}'
    cfg = Config.fromfile(next((folder / 'usrn').glob('*.py')))
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model).eval()
    checkpoint = (folder / 'usrn' / 'last_checkpoint').read_text()
    load_weights(model, read_checkpoint(str(folder / 'usrn' / checkpoint)))
    test = DATASETS.build(cfg.test_dataloader.dataset)
    paired = cfg.train_dataloader.dataset
    unlabeled = of_split(paired.split_dir, 'unlabeled', paired.unlabeled)
    unlabeled = DATASETS.build(
        {**unlabeled, 'pipeline': cfg.test_dataloader.dataset.pipeline}
    )
    figures = {
        'demo.png': _predictions(model, test, folder, results[seed]),
        'pseudo_labels.png': _pseudo_labels(model, unlabeled, test.metainfo),
        'class_balance.png': _class_balance(model, test.metainfo),
    }
    for name, figure in figures.items():
        figure.savefig(work_dir / name)
    return [work_dir / name for name in figures]


def _predictions(
    model: USRN, dataset: BaseDataset, folder: Path, results: dict
):
    """Rows of image, truth, baseline, USRN and subclasses."""
    palette = dataset.metainfo['palette']
    truths = [
        mmcv.imread(dataset[i]['data_samples'].seg_map_path, 'grayscale')
        for i in range(len(dataset))
    ]
    rows = []
    for index in _most_classes(truths):
        path = Path(dataset.get_data_info(index)['img_path'])
        image = _read(path)
        row = {'image': image}
        row['truth'] = draw_segmentation(image, truths[index], palette)
        for name in results:
            file = folder / name.lower() / 'predictions' / path.name
            labels = mmcv.imread(file, 'grayscale')
            row[name] = draw_segmentation(image, labels, palette)
        _, subclass_logits = _logits(model, image)
        row['subclasses'] = draw_subclasses(
            image,
            subclass_logits.argmax(0).numpy(),
            model.subclass_table.subclass_to_class.tolist(),
            palette,
        )
        rows.append(row)
    scores = ', '.join(
        f'{name} {statistics.fmean(iou.values()):.1f}'
        for name, iou in results.items()
    )
    return plot_image_grid(
        rows,
        dataset.metainfo['classes'],
        palette,
        footer=f'Test images. mIoU in %: {scores}. '
        'Subclasses: shades of the class colour.',
    )


def _pseudo_labels(model: USRN, dataset: BaseDataset, metainfo: dict):
    """How the first unlabeled images get their pseudo labels."""
    files = [dataset.get_data_info(i)['img_path'] for i in range(NUM_ROWS)]
    images = [_read(file) for file in files]
    inputs = torch.cat([_normalized(model, image) for image in images])
    return plot_pseudo_labels(
        images,
        vars(trace_pseudo_labels(model, inputs)),
        metainfo,
        [Path(file).name for file in files],
        'pseudo labels',
    )


def _class_balance(model: USRN, metainfo: dict):
    """Cells of the labeled images per class and per subclass."""
    table = model.subclass_table
    cells = table.cell_subclass[table.cell_subclass >= 0].long()
    return plot_class_balance(
        torch.bincount(cells, minlength=table.num_subclasses).tolist(),
        table.subclass_to_class.tolist(),
        metainfo['classes'],
        metainfo['palette'],
    )


def _most_classes(truths: list[np.ndarray]) -> list[int]:
    """The images with the most classes; of equals the first."""
    counts = [len(np.unique(truth)) for truth in truths]
    return np.argsort(counts, kind='stable')[::-1][:NUM_ROWS].tolist()


def _logits(model: USRN, image: np.ndarray) -> list[torch.Tensor]:
    """Class and subclass logits at the size of the image."""
    inputs = _normalized(model, image)
    with torch.no_grad():
        both = model.decode_head.forward_unlabeled(
            *model.extract_dual_feat(inputs), downsample=1
        )
    size = image.shape[:2]
    return [F.interpolate(x, size, mode='bilinear')[0] for x in both]


def _normalized(model: USRN, image: np.ndarray) -> torch.Tensor:
    bgr = torch.from_numpy(image[..., ::-1].transpose(2, 0, 1).copy())
    return model.data_preprocessor({'inputs': [bgr]})['inputs']


def _read(path: str | Path) -> np.ndarray:
    """An image in RGB."""
    return mmcv.imread(path, channel_order='rgb')
