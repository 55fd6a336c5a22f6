"""Inner products of points and centres."""

import pytest
import torch

from mmseg_usrn.clustering.products import less_products


@pytest.mark.parametrize('count', [0, 1, 2, 7, 1000])
@pytest.mark.parametrize('threads', [1, 2])
def test_less_products(count, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    wide = torch.randn(count, 2 * 5, generator=generator)
    centers = torch.randn(3, 5, generator=generator)
    offsets = torch.randn(3, generator=generator)
    for rows in (wide[:, :5], wide[:, ::2], wide[:, :5].contiguous()):
        found = less_products(rows, centers, offsets)
        expected = offsets.double() - 2 * rows.double() @ centers.double().T
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
    torch.set_num_threads(before)
