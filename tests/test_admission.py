"""What the broker refuses before it stores a byte."""

import pytest

from backend.server.admission import refusal
from shared.messages import ArraySpec, Submit
from shared.settings import EstimateSettings
from shared.transfer import MAX_SIDE

PICTURE = ArraySpec("picture", "uint8", (2, 3))


def submit(job: str = "a", *arrays: ArraySpec, **settings) -> Submit:
    return Submit(job, EstimateSettings(**settings), "srgb", arrays or (PICTURE,))


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (submit("a b"), "bad_request", "job id"),
        (submit("x" * 65), "bad_request", "job id"),
        (submit(steps=-1), "bad_request", "steps"),
        (submit("a", ArraySpec("photo", "uint8", (2, 2))), "bad_request", "picture"),
        (submit("a", PICTURE, PICTURE), "bad_request", "picture"),
        (submit("a", ArraySpec("picture", "uint8", (0, 0, 3))), "bad_image", "empty"),
        (submit("a", ArraySpec("picture", "uint8", (4, 4, 5))), "bad_image", "channels"),
        (submit("a", ArraySpec("picture", "uint8", (4,))), "bad_image", "rows"),
        (submit("a", ArraySpec("picture", "uint8", (-1, 4))), "bad_image", "empty"),
        (submit("a", ArraySpec("picture", "uint8", (MAX_SIDE + 1, 1))), "too_large", "16385"),
        (submit("a", ArraySpec("picture", "float32", (8192, 8192, 4))), "too_large", "8192"),
        (submit("a", ArraySpec("picture", "uint8", (2**40, 2**40))), "too_large", "pixels"),
        (submit("a", PICTURE, ArraySpec("mask", "uint8", (3, 2))), "bad_image", "mask"),
        (submit("a", PICTURE, ArraySpec("mask", "uint8", (2, 3, 1))), "bad_image", "mask"),
        (submit("a", PICTURE, ArraySpec("hints", "uint8", (3, 2))), "bad_image", "hints"),
        (submit("a", PICTURE, ArraySpec("hints", "uint8", (2, 3, 1))), "bad_image", "hints"),
        (submit("a", PICTURE, ArraySpec("hints", "float32", (2, 3))), "bad_image", "hints"),
        (submit("a", ArraySpec("hints", "uint8", (2, 3))), "bad_request", "picture"),
    ],
)
def test_bad_requests_are_refused_by_name(request_, code, says):
    refused = refusal(request_)
    assert refused.code == code and says in refused.message
    assert len(refused.job) <= 64


@pytest.mark.parametrize("shape", [(1, 1), (1, 16384), (4096, 4096, 4), (2, 3, 1), (2, 3, 2)])
def test_good_requests_pass(shape):
    mask = ArraySpec("mask", "uint8", shape[:2])
    hints = ArraySpec("hints", "uint8", shape[:2])
    assert refusal(submit("a-1.B_c", ArraySpec("picture", "float16", shape), mask, hints)) is None
