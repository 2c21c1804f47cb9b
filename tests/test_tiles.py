import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.tiles import pieces


@given(st.integers(8, 900), st.integers(8, 200), st.integers(0, 150), st.booleans())
def test_the_pieces_share_every_pixel_among_them(length, tile, overlap, wrap):
    found = pieces(length, tile, overlap, wrap)
    total = np.zeros(length)
    for number in range(len(found.starts)):
        places = found.indices(number, length)
        assert len(set(places)) == found.size <= tile
        total[places] += found.weights[number]
    np.testing.assert_allclose(total, 1.0, atol=1e-5)
    assert (found.weights > 0).all()


def test_pieces_overlap_and_end_with_the_axis():
    found = pieces(233, 50, 10)
    assert found.starts[0] == 0 and found.starts[-1] + 50 == 233
    assert all(b - a <= 40 for a, b in zip(found.starts, found.starts[1:], strict=False))


def test_a_piece_fades_in_and_out_unless_the_axis_ends_there():
    straight, ring = pieces(300, 100, 20), pieces(300, 100, 20, wrap=True)
    assert straight.weights[0][0] == 1.0 and straight.weights[0][-1] < 0.1
    assert all(weights[0] < 0.1 and weights[-1] < 0.1 for weights in ring.weights)
