"""Label maps as predictions of Label Studio's tasks."""

import json
from itertools import pairwise
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from ..images import Image
from .base import LabelWriter, file_name, masks_of

CHANNELS = 4
WORD = 8
LENGTHS = (3, 4, 8, 16)
"""Bits of the four kinds of run lengths."""


class LabelStudioWriter(LabelWriter):
    """A task an image, with a brush stroke a class, to be corrected.

    ``label_config.xml`` beside it is the labelling interface that the
    project needs. Images are named as Label Studio serves local files, by
    quoted URLs.
    """

    targets = ('tasks.json', 'label_config.xml')

    def __enter__(self) -> 'LabelStudioWriter':
        super().__enter__()
        self.tasks: list[dict] = []
        return self

    def add(self, image: Image, labels: np.ndarray) -> None:
        """Encode the strokes of an image."""
        height, width = labels.shape
        result = [
            dict(
                id=self.classes[index],
                from_name='label',
                to_name='image',
                type='brushlabels',
                original_width=width,
                original_height=height,
                image_rotation=0,
                value=dict(
                    format='rle',
                    rle=list(encode_brush(mask)),
                    brushlabels=[self.classes[index]],
                ),
            )
            for index, mask in masks_of(labels)
        ]
        url = f'/data/local-files/?d={quote(file_name(image))}'
        self.tasks.append(
            dict(data=dict(image=url), predictions=[dict(result=result)])
        )

    def __exit__(self, *_) -> None:
        """Write the tasks and the labelling interface."""
        tasks, interface = (self.out / name for name in self.targets)
        tasks.write_text(json.dumps(self.tasks))
        labels = '\n'.join(
            f'    <Label value={quoteattr(name)} '
            f'background="#{bytes(color).hex()}"/>'
            for name, color in zip(self.classes, self.palette, strict=True)
        )
        interface.write_text(
            '<View>\n  <Image name="image" value="$image"/>\n'
            '  <BrushLabels name="label" toName="image">\n'
            f'{labels}\n  </BrushLabels>\n</View>\n',
            encoding='utf-8',
        )


def encode_brush(mask: np.ndarray) -> bytes:
    """Run lengths of a brush stroke.

    The format is described at
    :func:`mmseg_usrn.datasets.mask_formats.label_studio.decode_brush`.

    Args:
        mask: (H, W) booleans.
    """
    values = mask.ravel()
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    total = CHANNELS * values.size
    bits = [f'{total:032b}{WORD - 1:05b}']
    bits += [f'{length - 1:04b}' for length in LENGTHS]
    longest = 1 << LENGTHS[-1]
    for start, end in pairwise([0, *edges.tolist(), values.size]):
        value = f'{255 * int(values[start]):08b}'
        left = CHANNELS * (end - start)
        while left:
            count = min(left, longest)
            kind = next(k for k, n in enumerate(LENGTHS) if count <= 1 << n)
            bits.append(f'1{kind:02b}{count - 1:0{LENGTHS[kind]}b}{value}')
            left -= count
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, 'big')
