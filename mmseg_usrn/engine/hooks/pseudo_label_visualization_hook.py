"""Pictures of the pseudo labels while training."""

import os.path as osp
from traceback import format_exc

import mmcv
import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.datasets.fixed_views import as_batch, fixed_view, spread
from mmseg_usrn.models.segmentors.semi_supervised import (
    SemiSupervisedSegmentor,
)
from mmseg_usrn.models.semi import trace_pseudo_labels
from mmseg_usrn.visualization import (
    figure_picture,
    input_picture,
    plot_pseudo_labels,
)

from ..process_state import unchanged_randomness
from .subclass_recluster_hook import train_dataset, unwrap

PICTURE = 'pseudo_labels'
"""Name of the picture in the visualiser."""


@HOOKS.register_module()
class PseudoLabelVisualizationHook(Hook):
    """Draw how the pseudo labels of the same images change over a run.

    Each picture goes to all backends of the run's visualiser, as
    ``pseudo_labels`` with the iteration as its step. A row of it is an
    unlabeled image: weak view, prediction of the class branch, prediction of
    the subclass branch as classes, gate, and pseudo label with rejected
    pixels hatched. Before the first clustering, and without a subclass
    branch, it shows the class branch alone.

    The images are spread evenly over the unlabeled ones. Their crops and
    flips are fixed, and the same in every run of a recipe. Labels are made
    by the code and the model that make them in training; training is the
    same to the bit with and without this hook. It is idle in a run that makes
    no pseudo labels, such as a baseline.

    Args:
        interval: Iterations from one picture to the next; the last iteration
            has one, too. -1 draws none.
        num_images: Rows of a picture.

    Raises:
        ValueError: If a setting is out of range.
    """

    priority = 'LOW'

    def __init__(self, interval: int = 1000, num_images: int = 4) -> None:
        if (interval < 1 and interval != -1) or num_images < 1:
            raise ValueError(
                'PseudoLabelVisualizationHook: interval must be >= 1, or -1 '
                f'for no pictures, and num_images >= 1, got {interval} and '
                f'{num_images}'
            )
        self.interval = interval
        self.num_images = num_images
        self.views: list[dict] = []

    def before_train(self, runner: Runner) -> None:
        """Load the images, if their labels are going to be drawn."""
        model, dataset = unwrap(runner.model), train_dataset(runner)
        if (
            is_main_process()
            and self.interval > 0
            and isinstance(model, SemiSupervisedSegmentor)
            and isinstance(dataset, PairedDataset)
        ):
            unlabeled = dataset.unlabeled
            indices = spread(len(unlabeled), self.num_images)
            self.views = [fixed_view(unlabeled, index) for index in indices]

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Draw if it is time."""
        due = self.every_n_train_iters(runner, self.interval)
        if not self.views or not (due or self.is_last_train_iter(runner)):
            return
        try:
            self.draw(runner)
        except Exception:  # a picture is no reason to end a training
            runner.logger.warning(
                f'no more pictures of pseudo labels:\n{format_exc()}'
            )
            self.views = []

    def draw(self, runner: Runner) -> None:
        """Draw the labels of the model as it is now."""
        model = unwrap(runner.model)
        with unchanged_randomness():
            data = model.data_preprocessor(as_batch(self.views), training=True)
            (inputs,), (samples,) = (part.values() for part in data.values())
            with runner.optim_wrapper.optim_context(runner.model):
                steps = trace_pseudo_labels(model, inputs, samples)
        figure = plot_pseudo_labels(
            [pad(input_picture(v['inputs']), inputs) for v in self.views],
            {k: v if v is None else v.cpu() for k, v in vars(steps).items()},
            train_dataset(runner).metainfo,
            [_name(view) for view in self.views],
            f'iteration {runner.iter + 1}',
        )
        runner.visualizer.add_image(
            PICTURE, figure_picture(figure), runner.iter + 1
        )


def _name(view: dict) -> str:
    """File of a view; a pipeline may have dropped its path."""
    return osp.basename(view['data_samples'].get('img_path') or '')


def pad(image: np.ndarray, inputs: Tensor) -> np.ndarray:
    """An image as large as the inputs (N, C, H, W) made of it."""
    height, width = inputs.shape[2:]
    if (
        height < image.shape[0] or width < image.shape[1]
    ):  # the preprocessor has made it smaller
        return mmcv.imresize(image, (width, height))
    return mmcv.impad(image, shape=(height, width))
