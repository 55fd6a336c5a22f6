"""Predictions of files and folders.

Letters: ``K`` classes, ``H, W`` pixels of an image.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import mmcv
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

from mmseg_usrn.datasets.image_files import IMAGE_SUFFIXES
from mmseg_usrn.visualization import draw_segmentation, save_indexed

TRACED_AFTER = 3
"""Images of one size after which the network is compiled for that size."""


@dataclass(frozen=True)
class Image:
    """An image to predict.

    Attributes:
        path: The file.
        name: Path of its outputs below their folder, without suffix.
    """

    path: Path
    name: str


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
        head = model.decode_head
        if compiled and type(head).predict is BaseDecodeHead.predict:
            self.network = _Network(model)
            model.encode_decode = self._encode_decode

    def load(self, path: str | Path) -> dict:
        """One image, as the model takes it."""
        return self.pipeline(dict(img_path=str(path)))

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
        if self.seen[size] == TRACED_AFTER and inputs.device.type == 'cpu':
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
    """Configs of the steps of the test, masks included."""
    for name in ('test_dataloader', 'val_dataloader'):
        if cfg.get(name):
            return cfg[name].dataset.pipeline
    dataset = cfg.train_dataloader.dataset
    if dataset.get('feature_pipeline'):
        return dataset.feature_pipeline
    steps = dataset.get('labeled', dataset).pipeline
    loading = [s for s in steps if s['type'].startswith('Load')]
    return [*loading, dict(type='PackSegInputs')]


def find_images(inputs: Sequence[str]) -> list[Image]:
    """Images of files, folders and patterns.

    Args:
        inputs: Paths; folders are searched with all below them.

    Returns:
        The images, sorted by name.

    Raises:
        ValueError: If there is no image, or two outputs had the same name.
    """
    found: dict[str, Path] = {}
    for entry in inputs:
        paths = [Path(p) for p in glob(entry)] or [Path(entry)]
        for path in paths:
            if not path.exists():
                raise ValueError(f'there is no file or folder {path}')
            root = path if path.is_dir() else path.parent
            files = sorted(path.rglob('*')) if path.is_dir() else [path]
            for file in files:
                if file.suffix.lower() not in IMAGE_SUFFIXES:
                    continue
                name = file.relative_to(root).with_suffix('').as_posix()
                other = found.setdefault(name, file)
                if other.resolve() != file.resolve():
                    raise ValueError(
                        f'{other} and {file} would have the same output '
                        f'{name}.png: predict them one after the other, with '
                        'another --out'
                    )
    if not found:
        raise ValueError(
            f'there is no image in {", ".join(inputs)}; the suffixes are '
            f'{", ".join(IMAGE_SUFFIXES)}'
        )
    return [Image(found[name], name) for name in sorted(found)]


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


@dataclass(frozen=True)
class PredictionWriter:
    """Files of a prediction, below one folder.

    Attributes:
        out: The folder. ``masks/NAME.png`` holds class indices, with the
            palette of the classes.
        palette: Colours of the classes.
        overlays: Whether to write ``overlays/NAME.jpg``.
        confidence: Whether to write ``confidence/NAME.png``, the probability
            of the likeliest class from 0 to 255.
        probabilities: Whether to write ``probabilities/NAME.npz``, the
            probabilities of all classes, (K, H, W) float16.
    """

    out: Path
    palette: Sequence[Sequence[int]]
    overlays: bool = True
    confidence: bool = False
    probabilities: bool = False

    def is_done(self, image: Image) -> bool:
        """Whether the image has been predicted before."""
        return self._path('masks', image, '.png').exists()

    def __call__(self, image: Image, sample: SegDataSample) -> None:
        """Write the prediction of an image; its mask comes last."""
        labels = sample.pred_sem_seg.data[0].cpu().numpy()
        if self.overlays:
            picture = mmcv.imread(str(image.path), channel_order='rgb')
            picture = draw_segmentation(picture, labels, self.palette, 0.5)
            path = self._path('overlays', image, '.jpg')
            mmcv.imwrite(picture[..., ::-1], str(path))
        if self.confidence or self.probabilities:
            prob = sample.seg_logits.data.float().softmax(0)
            if self.confidence:
                top = (255 * prob.amax(0)).round().byte().cpu().numpy()
                path = self._path('confidence', image, '.png')
                mmcv.imwrite(top, str(path))
            if self.probabilities:
                path = self._path('probabilities', image, '.npz')
                np.savez_compressed(path, prob=prob.half().cpu().numpy())
        palette = np.array(self.palette, np.uint8)
        save_indexed(labels, palette, self._path('masks', image, '.png'))

    def _path(self, kind: str, image: Image, suffix: str) -> Path:
        path = self.out / kind / f'{image.name}{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
