"""Masks as arrays: NumPy's and MATLAB's files."""

import io

import numpy as np
from mmseg.registry import TRANSFORMS

from .base import MaskLoader


@TRANSFORMS.register_module()
class LoadArrayMasks(MaskLoader):
    """Load class indices from ``.npy``, ``.npz`` or ``.mat`` files.

    Args:
        key: Name of the array in a file that holds several;
            ``'GTcls.Segmentation'`` for one in a MATLAB structure. Defaults
            to the only array of two dimensions, or of the image's size.
        **kwargs: As for :class:`MaskLoader`.
    """

    suffixes = ('.npy', '.npz', '.mat')

    def __init__(self, key: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.key = key

    def read(self, source, shape=None) -> np.ndarray:
        """Read class indices of shape (H, W), integers.

        Raises:
            ValueError: If the file has no such array, or its values are
                fractions.
        """
        arrays = read_arrays(self.get(source), source)
        array = self._choose(arrays, source, shape)
        if array.ndim != 2:
            raise ValueError(
                f'{source}: a mask has two dimensions (height, width), this '
                f'array has the shape {array.shape}'
            )
        if array.dtype.kind not in 'iub':
            whole = array.dtype.kind == 'f' and (array == array.round()).all()
            if not whole:
                raise ValueError(
                    f'{source}: the values of type {array.dtype} are no '
                    'class indices'
                )
            return array.astype(np.int64)
        return array.astype(np.uint8) if array.dtype == bool else array

    def _choose(
        self, arrays: dict[str, np.ndarray], source, shape
    ) -> np.ndarray:
        """The array with the key, or the only one that can be a mask."""
        if self.key is not None:
            if self.key not in arrays:
                raise ValueError(
                    f'{source} holds no {self.key}; it holds {_shapes(arrays)}'
                )
            return arrays[self.key]
        flat = [a for a in arrays.values() if a.ndim == 2 and min(a.shape) > 1]
        flat = [a for a in flat if a.shape == shape] or flat
        flat = list(arrays.values()) if len(arrays) == 1 else flat
        if len(flat) != 1:
            raise ValueError(
                f'{source} holds {_shapes(arrays)}: which one is the mask? '
                'Set key in mask_format'
            )
        return flat[0]


def _shapes(arrays: dict[str, np.ndarray]) -> str:
    named = [f'{key} {array.shape}' for key, array in arrays.items()]
    return ', '.join(named) or 'no array'


def read_arrays(content: bytes, source: str) -> dict[str, np.ndarray]:
    """Read the arrays of a file by name.

    Args:
        content: Content of the file.
        source: Its path.

    Returns:
        Arrays by name; the name of the only one of ``.npy`` is empty. Those
        in MATLAB structures have names with dots.

    Raises:
        ValueError: If the file is damaged or of an unknown version.
    """
    try:
        if source.lower().endswith('.mat'):
            return _read_mat(content)
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
    except NotImplementedError:
        raise ValueError(
            f'{source} is of MATLAB 7.3 (HDF5), which SciPy does not read: '
            "save it with '-v7'"
        ) from None
    except Exception as error:
        raise ValueError(f'{source} cannot be read: {error}') from error
    if isinstance(loaded, np.ndarray):
        return {'': loaded}
    return dict(loaded)


def _read_mat(content: bytes) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    arrays = {}

    def add(name: str, value) -> None:
        if getattr(value, 'dtype', None) is None:
            return
        if value.dtype.names and value.size == 1:
            for field in value.dtype.names:
                add(f'{name}.{field}', value.reshape(-1)[0][field])
        elif value.dtype.kind in 'iubf':
            arrays[name] = value

    for name, value in loadmat(io.BytesIO(content)).items():
        if not name.startswith('__'):
            add(name, value)
    return arrays
