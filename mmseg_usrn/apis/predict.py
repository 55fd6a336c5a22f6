"""Predictions of files and folders.

Letters: ``K`` classes, ``H, W`` pixels of an image.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import Compose, LoadAnnotations
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_usrn.engine.config_checks.listing import innermost_datasets
from mmseg_usrn.visualization import input_picture

from .class_branch import image_channels
from .images import Image

TRACED_AFTER = 3
"""Images of one size after which the network is compiled for that size."""
MOST_COMPILED = 4
"""Sizes that it is compiled for; each keeps the weights once more."""


class Predictor:
    """Label maps of images, at their own size.

    Images are loaded as the config loads them for the test, without masks.

    Args:
        model: A stock segmentor, as of :func:`build_class_branch`.
        compiled: Whether the network is compiled for sizes that come again,
            which saves a third of the time or more on CPUs.
    """

    def __init__(self, model: EncoderDecoder, compiled: bool = True) -> None:
        self.model = model
        self.pipeline = image_pipeline(model.cfg)
        self.channels = image_channels(model)
        head = model.decode_head
        if compiled and type(head).predict is BaseDecodeHead.predict:
            self.network = _Network(model)
            model.encode_decode = self._encode_decode

    def load(self, path: str | Path) -> dict:
        """One image, as the model takes it.

        Raises:
            ValueError: If it has another number of channels than the model
                takes.
        """
        sample = self.pipeline(dict(img_path=str(path)))
        self._check_channels(sample['inputs'])
        return sample

    def load_picture(self, path: str | Path) -> np.ndarray:
        """One image as a picture, by the steps that load it for the model.

        Returns:
            (H, W, 3) uint8 RGB, at the size of the prediction.
        """
        steps = self.pipeline.transforms
        load = [s for s in steps if type(s).__name__.startswith('Load')]
        loaded = Compose(load)(dict(img_path=str(path)))
        image = np.atleast_3d(loaded['img'])
        planes = np.ascontiguousarray(image.transpose(2, 0, 1))
        return input_picture(torch.from_numpy(planes))

    @torch.inference_mode()
    def predict(self, samples: list[dict]) -> list[SegDataSample]:
        """Predict loaded images of equal size.

        Args:
            samples: Results of :meth:`load`.

        Returns:
            A sample each, with ``pred_sem_seg`` (1, H, W) and ``seg_logits``
            (K, H, W) at the size of the file.
        """
        return self.model.test_step(pseudo_collate(samples))

    def _check_channels(self, inputs: Tensor) -> None:
        settings = self.model.cfg.model.get('data_preprocessor') or {}
        found = given = len(inputs)
        if found == 1:  # the preprocessor spreads it over those of the mean
            given = len(settings.get('mean') or [0])
        if self.channels not in (None, given):
            raise ValueError(
                f'the image has {found} channels as the config loads it, and '
                f'the model takes {self.channels}: give images like those of '
                'the training'
            )

    def _encode_decode(self, inputs: Tensor, metas: list[dict]) -> Tensor:
        """The segmentor's method of this name, on the compiled network."""
        logits = self.network(inputs)
        if isinstance(logits, Tensor):
            # Classes side by side: both resizes and the argmax are faster.
            logits = logits.contiguous(memory_format=torch.channels_last)
        return self.model.decode_head.predict_by_feat(logits, metas)


class _Network:
    """Backbone, neck and head, compiled for sizes that come again.

    ``torch.jit`` folds the normalisation into the convolutions and keeps the
    maps in the layout that they are fastest in.
    """

    def __init__(self, model: EncoderDecoder) -> None:
        self.forward = _Forward(model).eval()
        self.seen: Counter[torch.Size] = Counter()
        self.compiled: dict[torch.Size, Callable] = {}

    def __call__(self, inputs: Tensor) -> Tensor:
        size = inputs.shape
        self.seen[size] += 1
        if (
            self.seen[size] == TRACED_AFTER
            and len(self.compiled) < MOST_COMPILED
            and inputs.device.type == 'cpu'
        ):
            traced = torch.jit.trace(self.forward, inputs, check_trace=False)
            traced = torch.jit.freeze(traced)
            self.compiled[size] = torch.jit.optimize_for_inference(traced)
        return self.compiled.get(size, self.forward)(inputs)


class _Forward(nn.Module):
    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model.decode_head(self.model.extract_feat(inputs))


def image_pipeline(cfg: Config) -> Compose:
    """Steps from a file to the model's input, masks left out.

    Args:
        cfg: A whole config; without test and validation images the pipeline
            is that of the features that are clustered, or loads the images as
            they are.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    steps = [TRANSFORMS.build(step) for step in image_steps(cfg)]
    return Compose([s for s in steps if not isinstance(s, LoadAnnotations)])


def image_steps(cfg: Config) -> list[dict]:
    """Configs of the steps of the test, masks included.

    Of several datasets the first one counts.
    """
    for name in ('test_dataloader', 'val_dataloader'):
        if cfg.get(name):
            return innermost_datasets(cfg[name].dataset)[0]['pipeline']
    dataset = innermost_datasets(cfg.train_dataloader.dataset)[0]
    if dataset.get('feature_pipeline'):
        return dataset['feature_pipeline']
    labeled = dataset.get('labeled', dataset)
    steps = innermost_datasets(labeled)[0]['pipeline']
    loading = [s for s in steps if s['type'].startswith('Load')]
    return [*loading, dict(type='PackSegInputs')]


def predict_images(
    predictor: Predictor,
    images: Sequence[Image],
    save: Callable[[Image, SegDataSample], None],
    batch_size: int = 1,
) -> Iterator[tuple[Image, Exception | None]]:
    """Predict and save images; one that cannot be read ends nothing.

    Args:
        predictor: The model.
        images: What to predict.
        save: Called with each image and its prediction.
        batch_size: Consecutive images of equal size that are predicted
            together.

    Yields:
        Every image as it is done, with the reason if it could not be read.
    """
    batch: list[tuple[Image, dict]] = []

    def flush() -> Iterator[tuple[Image, None]]:
        if batch:
            samples = predictor.predict([sample for _, sample in batch])
            for (image, _), sample in zip(batch, samples, strict=True):
                save(image, sample)
                yield image, None
            batch.clear()

    for image in images:
        try:
            sample = predictor.load(image.path)
        except Exception as error:  # of whatever library reads the file
            yield image, error
            continue
        size = sample['inputs'].shape
        if batch and batch[0][1]['inputs'].shape != size:
            yield from flush()
        batch.append((image, sample))
        if len(batch) == batch_size:
            yield from flush()
    yield from flush()


def class_probabilities(sample: SegDataSample) -> Tensor:
    """Probabilities of the classes.

    Args:
        sample: Prediction of an image, ``seg_logits`` of (K, H, W). A model
            of one output for two classes has (1, H, W), which MMSeg has
            turned into the probability of the second class already.

    Returns:
        (K, H, W) float32.
    """
    logits = sample.seg_logits.data.float()
    if len(logits) == 1:
        return torch.cat([1 - logits, logits])
    return logits.softmax(0)
