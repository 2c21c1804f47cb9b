"""What an installed prior says of a picture, in our axes and on the picture's own pixels."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend.errors import Refused
from backend.geometry import normalize
from backend.guidance import Prior
from backend.image import Picture, linear_to_srgb
from backend.priors.network import Network, opened
from backend.priors.store import hash_of, installed
from backend.resample import resize
from shared.installed_priors import Installed
from shared.prior_catalogue import Signs


def ask(name: str, picture: Picture) -> Prior:
    """Run an installed prior on a whole picture: its axis is then the camera's.

    Raises:
        Refused: when it is not installed, its file is damaged, or it cannot be run.
    """
    prior = installed(name)
    return claimed(loaded(prior), prior.signs, linear_to_srgb(picture.rgb.clamp(0.0, 1.0)), name)


def loaded(prior: Installed) -> Network:
    """Load an installed prior, its file checked once.

    Raises:
        Refused: when the file is damaged or cannot be used.
    """
    stamp = prior.path.stat()
    if not _is_whole(prior, stamp.st_size, stamp.st_mtime_ns):
        raise Refused(
            "bad_request",
            f"The file of the prior “{prior.name}” is damaged.",
            f"Remove it with: python -m backend.priors remove {prior.name}; then get it again.",
        )
    return opened(prior.path, prior.multiple_of)


@lru_cache(maxsize=8)
def _is_whole(prior: Installed, size: int, changed: int) -> bool:
    """Whether the file is the one that was installed; asked again when it has changed."""
    return size == prior.bytes and hash_of(prior.path) == prior.sha256


def claimed(network: Network, signs: Signs, encoded: Float[Tensor, "h w 3"], name: str) -> Prior:
    """Return what a network says of an sRGB picture; what its mask leaves out is not known.

    A picture that is too long for it, or not of its one shape, is padded rather than stretched:
    stretching turns normals.
    """
    height, width = encoded.shape[:2]
    padded = _padded(encoded, network.aspect_for(height, width))
    seen = resize(padded, *network.size_for(*padded.shape[:2])).clamp(0.0, 1.0)
    raw = network.run(seen.permute(2, 0, 1).cpu().numpy())
    normals = torch.from_numpy(raw.normals) * torch.tensor(signs, dtype=torch.float32)
    inside = torch.from_numpy(raw.known)
    whole = Prior(name, normalize(normals), inside).on(padded.cpu())
    top, left = (padded.shape[0] - height) // 2, (padded.shape[1] - width) // 2
    rows, columns = slice(top, top + height), slice(left, left + width)
    return Prior(name, whole.normals[rows, columns], whole.known[rows, columns])


def _padded(rgb: Float[Tensor, "h w 3"], aspect: float) -> Float[Tensor, "hh ww 3"]:
    """Continue a picture's edges until it has an aspect ratio, the picture in the middle."""
    height, width = rgb.shape[:2]
    down = max(0, round(width / aspect) - height)
    across = max(0, round(height * aspect) - width)
    sides = (across // 2, across - across // 2, down // 2, down - down // 2)
    return F.pad(rgb.permute(2, 0, 1)[None], sides, mode="replicate")[0].permute(1, 2, 0)
