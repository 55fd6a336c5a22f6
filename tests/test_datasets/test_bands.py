import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from mmseg_usrn.datasets.bands import describe_bands, read_bands, to_uint8

RNG = np.random.default_rng(0)
SIX = RNG.integers(0, 4096, (40, 50, 6)).astype(np.uint16)
GRAY = dict(photometric='minisblack')
LAYOUTS = dict(
    interleaved=(lambda a: a, dict(GRAY, planarconfig='contig')),
    planes=(
        lambda a: a.transpose(2, 0, 1).copy(),
        dict(GRAY, planarconfig='separate'),
    ),
    pages=(lambda a: a.transpose(2, 0, 1).copy(), GRAY),
    rows_as_pages=(lambda a: a, {}),
    deflate=(
        lambda a: a,
        dict(GRAY, planarconfig='contig', compression='zlib', predictor=True),
    ),
)


def tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize('bands', [2, 3, 4, 6])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_bands_of_any_layout(layout, bands):
    if layout == 'rows_as_pages' and bands < 6:
        pytest.skip('tifffile writes these as colours')
    arrange, options = LAYOUTS[layout]
    content = tiff(arrange(SIX[..., :bands].copy()), **options)
    np.testing.assert_array_equal(read_bands(content), SIX[..., :bands])
    found = describe_bands(content)
    assert (found.number, found.dtype, found.colors) == (bands, 'u2', False)


def test_opencv_takes_such_bands_for_gray():
    """Why these files need a loader of their own."""
    content = tiff(SIX[..., :3].copy(), **LAYOUTS['interleaved'][1])
    stock = cv2.imdecode(
        np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert stock.ndim == 2
    assert not describe_bands(content).colors


@pytest.mark.parametrize(
    ('mode', 'bands'),
    [('L', 1), ('RGB', 3), ('RGBA', 4), ('P', 1), ('LA', 2), ('1', 1)],
)
def test_colors_are_for_the_stock_loader(mode, bands):
    file = io.BytesIO()
    image = Image.fromarray(SIX[..., :3].astype(np.uint8)).convert(mode)
    image.save(file, 'tiff')
    found = describe_bands(file.getvalue())
    assert found.colors and found.number == bands
    if mode in ('L', 'RGB', 'RGBA'):
        array = np.atleast_3d(np.asarray(image))
        np.testing.assert_array_equal(read_bands(file.getvalue()), array)


@pytest.mark.parametrize('suffix', ['png', 'tiff'])
def test_colors_come_as_rgb(suffix):
    file = io.BytesIO()
    rgba = SIX[..., :4].astype(np.uint8)
    Image.fromarray(rgba).save(file, suffix)
    np.testing.assert_array_equal(read_bands(file.getvalue()), rgba)
    assert (describe_bands(file.getvalue()) is None) == (suffix == 'png')


def test_what_cannot_be_read():
    with pytest.raises(ValueError, match='OpenCV cannot decode'):
        read_bands(b'no image')
    cut = tiff(SIX, **LAYOUTS['interleaved'][1])[:8]
    for read in (read_bands, describe_bands):
        with pytest.raises(ValueError, match='TIFF file is damaged'):
            read(cut)
    with pytest.raises(ValueError, match=r'4 dimensions \(2, 4, 5, 6\)'):
        read_bands(tiff(np.zeros((2, 4, 5, 6), np.uint8), **GRAY))


def test_unknown_compression_names_the_way_out():
    file = io.BytesIO()
    image = Image.fromarray(SIX[..., :3].astype(np.uint8))
    image.save(file, 'tiff', compression='tiff_lzw')
    pytest.importorskip('tifffile')
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match='pip install imagecodecs'):
            read_bands(file.getvalue())


def test_values_become_8_bits():
    values = np.array([-1.0, 0, 0.5, 1, 3, np.nan, np.inf], np.float32)
    assert to_uint8(values, 0, 1).tolist() == [0, 0, 128, 255, 255, 0, 255]
    assert to_uint8(np.array([200, 1200], np.uint16), 200, 2200)[1] == 128
