import torch

from backend import losses

ONES = torch.ones(12, 12)


def _noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_equal_pictures_cost_nothing_more_than_the_epsilon():
    picture = _noise(12, 12, 3)
    assert losses.reprojection(picture, picture, ONES) < 0.011
    assert losses.structure(picture, picture, ONES).abs() < 1e-5
    assert losses.structure(picture, picture.flip(0), ONES) > 0.3


def test_only_the_inside_counts():
    picture, other = _noise(12, 12, 3), _noise(12, 12, 3)
    other[:, 6:] += 5.0
    inside = ONES.clone()
    inside[:, 6:] = 0
    assert losses.reprojection(picture, other, inside) < 0.011


def test_orientation_is_zero_for_agreement_and_grows_with_the_angle():
    facing = torch.tensor([0.0, 0.0, -1.0]).expand(12, 12, 3)
    tilted = torch.nn.functional.normalize(torch.tensor([0.2, 0.0, -1.0]), dim=0).expand(12, 12, 3)
    steep = torch.nn.functional.normalize(torch.tensor([1.0, 0.0, -1.0]), dim=0).expand(12, 12, 3)
    values = [float(losses.orientation(facing, n, ONES)) for n in (facing, tilted, steep)]
    assert values[0] == 0 and values[0] < values[1] < values[2]


def test_trust_lets_detail_move_and_holds_the_shape():
    start = torch.tensor([0.0, 0.0, -1.0]).expand(12, 12, 3)
    checker = (torch.arange(12)[:, None] + torch.arange(12)) % 2 * 2.0 - 1
    detail = start + 0.3 * checker[..., None] * torch.tensor([1.0, 0, 0])
    shape = start + 0.3 * torch.tensor([1.0, 0, 0])
    assert losses.trust(detail, start, ONES) < 0.1 * losses.trust(shape, start, ONES)


def test_albedo_may_change_where_the_colour_does():
    picture = torch.full((12, 12, 3), 0.5)
    step = torch.zeros(12, 12, 3)
    step[:, 6:] = 1.0
    plain = losses.albedo_sparsity(step, picture, ONES)
    picture[:, 6:] = torch.tensor([0.9, 0.1, 0.1])
    assert losses.albedo_sparsity(step, picture, ONES) < 0.2 * plain


def test_the_window_in_two_passes_is_the_window():
    planes = _noise(1, 2, 13, 17)
    whole = torch.nn.functional.avg_pool2d(planes, 7, 1, 3, count_include_pad=False)
    torch.testing.assert_close(losses._window(planes), whole)
