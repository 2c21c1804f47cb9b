"""Files that were cut off, as downloads and copies are, and files that only look so."""

import io

import numpy as np
import pytest
from PIL import Image

from backend.errors import Refused
from backend.files import read_picture

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("share", [0.6, 0.95])
def test_a_file_that_ends_too_early_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(RNG.integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(Refused, match="is not a picture that can be read"):
        read_picture(path)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_only_the_end_of_the_picture_itself_counts(tmp_path, progressive, cut):
    """Cameras put a thumbnail before the pixels and films or other pictures behind them."""
    path, small = tmp_path / "x.jpg", io.BytesIO()
    noise = Image.fromarray(RNG.integers(0, 255, (64, 64, 3), np.uint8))
    noise.resize((16, 16)).save(small, "JPEG")
    options = {"progressive": progressive, "comment": small.getvalue(), "restart_marker_rows": 1}
    noise.save(path, **options)
    whole = path.read_bytes()
    after = bytes(9) + b"\xff\xda" + RNG.bytes(99)
    path.write_bytes(whole[:-99] if cut else whole + after)
    if cut:
        with pytest.raises(Refused, match="ends too early"):
            read_picture(path)
    else:
        assert read_picture(path).pixels.shape == (64, 64, 3)
