"""The fast convolution against the obvious one."""

import pytest
import torch
import torch.nn.functional as F

from backend.convolution import LARGE, EdgeConv


@pytest.mark.parametrize("size", [(96, 96), (100, 131), (2, LARGE // 2), (9216, 1), (7, 9)])
def test_beyond_the_edge_a_picture_goes_on_as_it_ends(size):
    torch.manual_seed(0)
    convolve = EdgeConv(5, 7)
    planes = torch.randn(2, 5, *size)
    with torch.no_grad():
        found = convolve(planes)
        continued = F.pad(planes, (1, 1, 1, 1), mode="replicate")
        obvious = F.conv2d(continued.double(), convolve.weight.double(), convolve.bias.double())
    torch.testing.assert_close(found, obvious.float(), atol=1e-5, rtol=1e-5)


def test_a_large_picture_teaches_as_a_small_one_does():
    convolve, planes = EdgeConv(1, 1), torch.ones(1, 1, 100, 100)
    with torch.no_grad():
        quick = convolve(planes)
    assert not quick.requires_grad
    learned = convolve(planes)
    torch.testing.assert_close(quick, learned.detach(), atol=1e-6, rtol=1e-6)
    learned.sum().backward()
    assert convolve.weight.grad is not None and convolve.weight.grad.abs().min() > 0
