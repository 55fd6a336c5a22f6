"""Which subclass belongs to which class, and which pixel to which subclass.

Letters: ``N`` images of a batch, ``I`` labeled images in all, ``K`` classes,
``S`` subclasses, ``C`` feature channels, ``H, W`` pixels.
"""

import torch
from torch import Tensor, nn

IGNORED_SUBCLASS = -100
"""Label of the pixels that the subclass loss leaves out.

255, the usual value, is a valid subclass as soon as there are 256.
"""

_EMPTY = -1


class SubclassTable(nn.Module):
    """The result of a clustering, kept in buffers.

    All state is in the checkpoint, so resuming is exact, and data workers
    never see it. The buffers are empty until the first clustering; loading a
    checkpoint gives them the sizes found there. All ranks hold equal values,
    so averaging the buffers over ranks leaves them as they are.

    Args:
        num_classes: ``K``.
        num_subclasses: ``S``, outputs of the subclass branch.

    Attributes:
        subclass_to_class: (S,) int64, -1 for outputs that no class uses.
        prototypes: (S, C) float32, centers of the subclasses.
        prices: (S,) float32; a pixel's subclass among those of its class has
            the least ``|x - prototype|^2 + price``.
        cells_per_image: (I,) int64. Its sums are not kept: averaging over
            ranks goes through float32, which is exact for small numbers only.
        cell_subclass: (total cells,) int32, -1 where the cell is unlabeled.
        dominant_subclass: (I, K) int32, the most frequent subclass of the
            class in the image.
    """

    subclass_to_class: Tensor
    prototypes: Tensor
    prices: Tensor
    cells_per_image: Tensor
    cell_subclass: Tensor
    dominant_subclass: Tensor

    def __init__(self, num_classes: int, num_subclasses: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_subclasses = num_subclasses
        for name, value in self._empty_contents().items():
            self.register_buffer(name, value)

    @property
    def is_ready(self) -> bool:
        """Whether a clustering has filled the table."""
        return self.num_images > 0

    @property
    def num_images(self) -> int:
        """Number of labeled images in the table, 0 before it is filled."""
        return len(self.cells_per_image)

    @property
    def first_cell(self) -> Tensor:
        """Where every image's cells begin in ``cell_subclass``, (I,)."""
        return self.cells_per_image.cumsum(0) - self.cells_per_image

    @property
    def subclasses_per_class(self) -> list[int]:
        """Number of subclasses of every class, ``K`` integers."""
        used = self.subclass_to_class[self.subclass_to_class != _EMPTY]
        return torch.bincount(used, minlength=self.num_classes).tolist()

    def fill(
        self,
        subclass_to_class: Tensor,
        prototypes: Tensor,
        prices: Tensor,
        cells_per_image: Tensor,
        cell_subclass: Tensor,
        dominant_subclass: Tensor,
    ) -> None:
        """Replace the contents; the arguments are those of the class.

        Args:
            subclass_to_class: (S,) int64.
            prototypes: (S, C) float32.
            prices: (S,) float32.
            cells_per_image: (I,) int64.
            cell_subclass: (sum of cells_per_image,) int32.
            dominant_subclass: (I, K) int32, -1 where the image has no cell of
                the class; the class's first subclass is put there.
        """
        first = self._first_subclass(subclass_to_class)
        dominant = torch.where(
            dominant_subclass == _EMPTY, first, dominant_subclass
        )
        self._replace(
            {
                'subclass_to_class': subclass_to_class,
                'prototypes': prototypes,
                'prices': prices,
                'cells_per_image': cells_per_image,
                'cell_subclass': cell_subclass,
                'dominant_subclass': dominant,
            }
        )

    def clear(self) -> None:
        """Empty the table, as it was before the first clustering."""
        self._replace(self._empty_contents())

    def lookup(self, images: Tensor, cells: Tensor, classes: Tensor) -> Tensor:
        """Subclass label of every labeled pixel.

        Where the subclass of a pixel's cell is of another class than the
        pixel (borders, thin objects), the image's dominant subclass of the
        pixel's class takes its place: every labeled pixel gets a subclass of
        its own class.

        Args:
            images: (N,) int64 indices in the labeled set.
            cells: (N, H, W) int64 cell indices.
            classes: (N, H, W) int64 class labels; what is outside ``[0, K)``
                is ignored.

        Returns:
            (N, H, W) int64 subclass labels, ``IGNORED_SUBCLASS`` where the
            class label is ignored or its class was never clustered.
        """
        labeled = (classes >= 0) & (classes < self.num_classes)
        # Rotation and padding leave no valid cell where the label is ignored.
        address = self.first_cell[images][:, None, None] + cells * labeled
        subclass = self.cell_subclass[address].long()
        classes = classes.clamp(0, self.num_classes - 1)
        parent = self.subclass_to_class[subclass.clamp(min=0)]
        fits = (subclass != _EMPTY) & (parent == classes)
        dominant = self.dominant_subclass[images[:, None, None], classes]
        subclass = torch.where(fits, subclass, dominant.long())
        known = labeled & (subclass != _EMPTY)
        return torch.where(known, subclass, IGNORED_SUBCLASS)

    def _first_subclass(self, subclass_to_class: Tensor) -> Tensor:
        """First subclass of every class, (K,) int32; -1 if it has none."""
        first = torch.full(
            (self.num_classes,),
            _EMPTY,
            dtype=torch.int32,
            device=subclass_to_class.device,
        )
        for subclass, k in reversed(list(enumerate(subclass_to_class))):
            if k != _EMPTY:
                first[k] = subclass
        return first

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args, **kwargs
    ) -> None:
        outputs = state_dict.get(prefix + 'subclass_to_class')
        if outputs is not None and len(outputs) == self.num_subclasses:
            for name, _ in list(self.named_buffers()):
                if prefix + name in state_dict:
                    self._resize(name, state_dict[prefix + name].shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _empty_contents(self) -> dict[str, Tensor]:
        int32 = torch.int32
        return {
            'subclass_to_class': torch.full((self.num_subclasses,), _EMPTY),
            'prototypes': torch.zeros(self.num_subclasses, 0),
            'prices': torch.zeros(self.num_subclasses),
            'cells_per_image': torch.zeros(0, dtype=torch.int64),
            'cell_subclass': torch.zeros(0, dtype=int32),
            'dominant_subclass': torch.zeros(0, self.num_classes, dtype=int32),
        }

    def _replace(self, contents: dict[str, Tensor]) -> None:
        for name, value in contents.items():
            self._resize(name, value.shape)
            getattr(self, name).copy_(value)

    def _resize(self, name: str, shape: torch.Size) -> None:
        buffer = getattr(self, name)
        if buffer.shape != shape:
            setattr(self, name, buffer.new_empty(shape))

    def extra_repr(self) -> str:
        """What ``print(model)`` says of the table."""
        return (
            f'num_classes={self.num_classes}, '
            f'num_subclasses={self.num_subclasses}, ready={self.is_ready}'
        )
