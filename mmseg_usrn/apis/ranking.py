"""Order of images by what labelling them would bring.

Letters: ``N`` images, ``K`` classes, ``S`` subclasses, ``h, w`` size of the
maps of the heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_usrn.config_file import read_config
from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import load_weights, read_checkpoint
from mmseg_usrn.models.decode_heads.dual_head import unlabeled_logits
from mmseg_usrn.models.semi import normalized_entropy

from .class_branch import build_class_branch, without_weights
from .predict import Predictor

RARE = 0.25
"""A class is rare if it has less than this part of an equal share."""


@dataclass(frozen=True)
class ImageContent:
    """What a model sees in an image.

    Attributes:
        uncertainty: Mean over the pixels of the normalised entropy, 0 to 1,
            of the more certain branch, which is the one that the gate
            believes.
        class_shares: (K,) mean probability of every class.
        subclass_shares: (S,) share of the pixels of which each subclass is
            the likeliest. For a model without subclasses, of each class.
    """

    uncertainty: float
    class_shares: np.ndarray
    subclass_shares: np.ndarray


@dataclass(frozen=True)
class RankedImage:
    """An image in its place.

    Attributes:
        index: Which image it is.
        score: What it brings beside the images before it.
        uncertainty: As of :class:`ImageContent`.
        rare_share: Share of the rare classes.
        coverage: Share of the image that those before it in its round do
            not show, 0 to 1.
    """

    index: int
    score: float
    uncertainty: float
    rare_share: float
    coverage: float


class ContentReader(Predictor):
    """What a model sees in images; reads and batches them as a predictor.

    Large images go through the network whole, also where the test slides a
    window over them.

    Args:
        model: As of :func:`build_both_branches`.

    Raises:
        ValueError: If the model has a single output for two classes.
    """

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__(model, compiled=False)
        if model.out_channels == 1:
            raise ValueError(
                'the model has one output for two classes (out_channels=1): '
                'an entropy needs an output for each class'
            )

    @torch.inference_mode()
    def predict(self, samples: list[dict]) -> list[ImageContent]:
        """Look at loaded images of equal size."""
        batch = pseudo_collate(samples)
        inputs = self.model.data_preprocessor(batch, False)['inputs']
        prob, subclass_prob = self._probabilities(inputs)
        entropy = normalized_entropy(prob)
        if subclass_prob is not prob:
            entropy = entropy.minimum(normalized_entropy(subclass_prob))
        subclasses = subclass_prob.argmax(1).flatten(1).cpu()
        outputs = subclass_prob.shape[1]
        return [
            ImageContent(
                float(entropy[i].mean()),
                prob[i].mean((1, 2)).cpu().numpy(),
                np.bincount(row, minlength=outputs) / len(row),
            )
            for i, row in enumerate(subclasses.numpy())
        ]

    def _probabilities(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Of classes (N, K, h, w) and of subclasses (N, S, h, w)."""
        model = self.model
        if isinstance(model, USRN):
            logits, subclass_logits = model.forward_unlabeled(inputs)
            return logits.softmax(1), subclass_logits.softmax(1)
        feats = model.extract_feat(inputs)
        prob = unlabeled_logits(model.decode_head, feats, 1).softmax(1)
        return prob, prob


def build_both_branches(
    config: str | Config,
    checkpoint: str,
    device: str = 'cpu',
    trust: bool = False,
) -> EncoderDecoder:
    """A trained model with its subclass branch, if it has learned one.

    Args:
        config: Config of a recipe, or its file.
        checkpoint: Checkpoint of the recipe or of its baseline.
        device: Where the model runs.
        trust: Read whatever the file holds; it could run any program.

    Returns:
        The :class:`USRN` without its teacher, in evaluation mode, with
        ``cfg`` and ``dataset_meta``; the class branch if the checkpoint is
        of another model, or of a warm-up.

    Raises:
        ValueError: As :func:`build_class_branch`, or if the subclass branch
            is that of another config.
    """
    cfg = read_config(config) if isinstance(config, str) else config
    stock = build_class_branch(cfg, checkpoint, device, trust)
    loaded = read_checkpoint(checkpoint, trust=trust)
    weights = loaded.get('state_dict', loaded)
    if not len(weights.get('subclass_table.cells_per_image', ())):
        return stock
    settings = without_weights(cfg.model)
    settings['teacher_momentum'] = None
    model = revert_sync_batchnorm(MODELS.build(settings))
    match = load_weights(model, loaded)
    others = [n for n in match.unexpected if not n.startswith('teacher.')]
    if wrong := [*match.missing, *match.resized, *others]:
        raise ValueError(
            f'{len(wrong)} weights of the subclass branch in {checkpoint} do '
            f'not fit the config, first {wrong[0]}: give the config that it '
            'was trained with, the one in its work dir'
        )
    model.cfg, model.dataset_meta = stock.cfg, stock.dataset_meta
    return model.to(device).eval()


def rare_classes(class_shares: Sequence[np.ndarray]) -> np.ndarray:
    """Classes that have less than a quarter of an equal share of the pixels.

    Args:
        class_shares: (N, K), a row an image.

    Returns:
        Their indices.
    """
    mean = np.mean(class_shares, axis=0)
    return np.flatnonzero(mean < RARE / len(mean))


def rank_images(
    contents: Sequence[ImageContent], count: int | None = None
) -> list[RankedImage]:
    r"""Order images by what labelling them would bring.

    An image is worth what it is uncertain of and what it has of rare classes,
    each as a multiple of the mean over all images:
    :math:`v_i = u_i / \bar u + r_i / \bar r`. A set of images :math:`A` is
    worth the most that it shows of every subclass,

    .. math:: F(A) = \sum_s \max_{i \in A} v_i h_{is},

    where :math:`h_{is}` is the subclass's share of the image. The next image
    is the one that adds most, so a copy of a chosen one adds nothing. ``F``
    is monotone and submodular: this greedy order reaches at least 63 % of
    the best set of its length (Nemhauser et al., 1978).

    Args:
        contents: What the model sees in each image.
        count: Images to choose; all by default.

    Returns:
        The images, the best first.
    """
    if not contents:
        return []
    uncertainty = np.array([c.uncertainty for c in contents])
    class_shares = [c.class_shares for c in contents]
    rare = rare_classes(class_shares)
    rare_share = np.array([shares[rare].sum() for shares in class_shares])
    value = _of_mean(uncertainty) + _of_mean(rare_share)
    shares = np.stack([c.subclass_shares for c in contents])
    picks = choose_by_coverage(value[:, None] * shares, count)
    return [
        RankedImage(
            index,
            gain,
            float(uncertainty[index]),
            float(rare_share[index]),
            gain / value[index] if value[index] else 0.0,
        )
        for index, gain in picks
    ]


def choose_by_coverage(
    worth: np.ndarray, count: int | None = None
) -> list[tuple[int, float]]:
    """Rows that add most to the column-wise maximum of those before them.

    When no row adds anything any more, a new round starts from nothing.

    Args:
        worth: (N, S) at least 0.
        count: Rows to choose; all by default.

    Returns:
        Indices of the rows and what each added; of equal ones the first.
    """
    # Within a round a row never adds more than it would have before: only
    # the row of the greatest earlier gain is looked at (Minoux, 1978).
    totals = worth.sum(1).tolist()
    heap = [(-total, index) for index, total in enumerate(totals)]
    heapify(heap)
    covered = np.zeros(worth.shape[1])
    picks: list[tuple[int, float]] = []
    count = len(worth) if count is None else min(count, len(worth))
    while len(picks) < count:
        bound, index = heap[0]
        if bound == 0 and covered.any():
            covered[:] = 0
            heap = [(-totals[i], i) for _, i in heap]
            heapify(heap)
            continue
        gain = float((worth[index] - covered).clip(0).sum())
        if gain < -bound:
            heapreplace(heap, (-gain, index))
            continue
        heappop(heap)
        picks.append((index, gain))
        covered = np.maximum(covered, worth[index])
    return picks


def _of_mean(values: np.ndarray) -> np.ndarray:
    """Values as multiples of their mean."""
    mean = values.mean()
    return values / mean if mean else values
