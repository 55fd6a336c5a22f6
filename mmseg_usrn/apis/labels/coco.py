"""Label maps as one COCO file with run lengths."""

import json

import numpy as np
from pycocotools import mask as coco_mask

from ..images import Image
from .base import LabelWriter, file_name, masks_of


class CocoWriter(LabelWriter):
    """One annotation a class and image; pixels without a label have none."""

    targets = ('annotations.json',)

    def __enter__(self) -> 'CocoWriter':
        super().__enter__()
        self.images: list[dict] = []
        self.annotations: list[dict] = []
        return self

    def add(self, image: Image, labels: np.ndarray) -> None:
        """Encode the masks of an image."""
        height, width = labels.shape
        number = len(self.images) + 1
        self.images.append(
            dict(
                id=number,
                file_name=file_name(image),
                height=height,
                width=width,
            )
        )
        for index, mask in masks_of(labels):
            rle = coco_mask.encode(np.asfortranarray(mask, np.uint8))
            self.annotations.append(
                dict(
                    id=len(self.annotations) + 1,
                    image_id=number,
                    category_id=index + 1,
                    segmentation=dict(
                        size=[height, width], counts=rle['counts'].decode()
                    ),
                    area=int(mask.sum()),
                    bbox=[float(v) for v in coco_mask.toBbox(rle)],
                    iscrowd=0,
                )
            )

    def __exit__(self, *_) -> None:
        """Write the file."""
        categories = [
            dict(id=number, name=name, supercategory='')
            for number, name in enumerate(self.classes, 1)
        ]
        content = dict(
            images=self.images,
            annotations=self.annotations,
            categories=categories,
        )
        self.path.write_text(json.dumps(content))
