"""Features of the labeled pixels, with their addresses."""

from dataclasses import dataclass

from torch import Tensor


@dataclass
class LabeledFeatures:
    """Features of one rank's labeled cells.

    Letters: ``P`` cells of this rank, ``C`` channels, ``I`` labeled images.

    Attributes:
        features: (P, C) float16, input of the classifier.
        classes: (P,) int64 in ``[0, K)``; ignored cells are left out.
        images: (P,) int64, index of the cell's image in the labeled set.
        cells: (P,) int64, index of the cell in its image, or -1 for the extra
            sample of a class that no cell of its image is labeled with.
        cells_per_image: (I,) int64, number of cells of every labeled image,
            equal on all ranks.
    """

    features: Tensor
    classes: Tensor
    images: Tensor
    cells: Tensor
    cells_per_image: Tensor
