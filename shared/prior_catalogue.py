"""The models that are known, pinned: what is not exactly this file is not installed.

Sizes and hashes were copied from public projects that pin the same files; no model was downloaded
to write them. A file that differs is refused, so a mistake here cannot install anything.
"""

from dataclasses import dataclass

from .prior_notices import APACHE_DINOV2, MIT_MOGE

HUB = "https://huggingface.co"
TOKEN = 14
"""Pixels a side of the patches that DINOv2 takes a picture apart into."""

Signs = tuple[int, int, int]
"""What a model's raw x, y and z are multiplied by to be ours: x right, y down, z forward."""


@dataclass(frozen=True)
class Pinned:
    """One file of one revision of one repository."""

    name: str
    repository: str
    revision: str
    file: str
    bytes: int
    sha256: str
    signs: Signs
    multiple_of: int
    """The sides of pictures it takes are multiples of this."""
    notices: tuple[str, ...]

    def url(self, base: str = HUB) -> str:
        """Return the file's address."""
        return f"{base}/{self.repository}/resolve/{self.revision}/{self.file}"

    @property
    def home(self) -> str:
        """Return the address of the repository, where the original licence lies."""
        return f"{HUB}/{self.repository}"


def _moge2(name: str, repository: str, revision: str, size: int, sha256: str) -> Pinned:
    # MoGe-2 states OpenCV axes, a wall that faces the camera being (0, 0, -1): they are ours
    notices = (MIT_MOGE, APACHE_DINOV2)
    signs = (1, 1, 1)
    return Pinned(name, repository, revision, "model.onnx", size, sha256, signs, TOKEN, notices)


CATALOGUE = {
    pinned.name: pinned
    for pinned in (
        _moge2(
            "moge2-s",
            "Ruicheng/moge-2-vits-normal-onnx",
            "e50ffda41565591092adea54c6ac83d6212e1e23",
            140_852_051,
            "24eacb5dc7a2c54c7bc98f7de085ffbed79ad006ea5b664c2c2cdc02ff3a52f0",
        ),
        _moge2(
            "moge2-b",
            "Ruicheng/moge-2-vitb-normal-onnx",
            "2d247a122ada42ce700fe59273cd62e076da1f32",
            419_411_850,
            "bbf14e07a30f11e69d36ab861590123f5598ababcbc8946a063eb4a966f35a21",
        ),
    )
}
