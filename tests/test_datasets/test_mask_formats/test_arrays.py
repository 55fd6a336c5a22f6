import numpy as np
import pytest
import scipy.io

FORMAT = dict(type='LoadArrayMasks')


@pytest.fixture
def write(root):
    """Writes a mask of both images by a function of the path."""

    def write(suffix, function):
        for stem in ('a', 'trip/b'):
            path = root / 'masks' / (stem + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            function(str(path))

    return write


@pytest.mark.parametrize('dtype', [np.uint8, np.int64, np.float64])
def test_numpy_arrays(dtype, write, load, truth):
    write('.npy', lambda path: np.save(path, truth.astype(dtype)))
    np.testing.assert_array_equal(load(FORMAT)['trip/b'], truth)


def test_numpy_archives(write, load, truth):
    write('.npz', lambda p: np.savez(p, mask=truth, box=np.arange(4)))
    np.testing.assert_array_equal(load(FORMAT)['a'], truth)
    with pytest.raises(ValueError, match=r'no gt; it holds mask \(24, 32\)'):
        load(dict(FORMAT, key='gt'))


def test_matlab_variables(write, load, truth):
    write('.mat', lambda p: scipy.io.savemat(p, dict(M=truth, name='x')))
    np.testing.assert_array_equal(load(FORMAT)['a'], truth)
    both = dict(M=truth, N=truth + 1)
    write('.mat', lambda path: scipy.io.savemat(path, both))
    with pytest.raises(ValueError, match=r'M \(24, 32\), N .*Set key'):
        load(FORMAT)
    found = load(dict(FORMAT, key='N'), reduce_zero_label=True)['a']
    np.testing.assert_array_equal(found, truth)


def test_matlab_structures_as_in_sbd(write, load, truth):
    gt = dict(Segmentation=truth, CategoriesPresent=np.arange(3))
    write('.mat', lambda path: scipy.io.savemat(path, dict(GTcls=gt)))
    found = load(dict(FORMAT, key='GTcls.Segmentation'))['a']
    np.testing.assert_array_equal(found, truth)


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.full((24, 32), 0.5), 'float64 are no class indices'),
        (np.zeros((24, 32, 3), np.uint8), r'shape \(24, 32, 3\)'),
        (np.array(None), 'cannot be read'),
    ],
)
def test_arrays_that_are_no_masks(array, message, write, load):
    write('.npy', lambda path: np.save(path, array))
    with pytest.raises(ValueError, match=message):
        load(FORMAT)


def test_damaged_files(write, load):
    def cut(path):
        with open(path, 'wb') as file:
            file.write(b'MATLAB 5.0 MAT-file')

    write('.mat', cut)
    with pytest.raises(ValueError, match='a.mat cannot be read'):
        load(FORMAT)
