"""Where an estimate begins: what the model sees, or a classical surface where it is asked for."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import view_rays
from backend.classical import NAMES, encode_start, start_for
from backend.encoder import Encoded
from backend.gaussians import Encoding
from backend.geometry import normalize
from backend.image import luminance
from backend.integration import held, integrated
from backend.model import Clone, View, splat
from backend.multiscale import encode, see_shape
from backend.turning import turned, turned_back
from backend.work import Work
from shared.settings import LightFrom, Start

LEARNED = "the trained encoder"
BLACK = 1e-4
"""Below this linear value a colour is noise."""
NOT_REFINED = "none: a classical start has no features to refine from"


@dataclass(frozen=True)
class Beginning:
    """The first surface on the grid of Gaussians."""

    encoding: Encoding
    features: Float[Tensor, "h w f"] | None
    """For refinement and gate; a classical start has none, and is not refined."""
    normals: Float[Tensor, "h w 3"]
    """What later changes of the normals are measured from."""
    albedo: Float[Tensor, "h w 3"]
    name: str
    seen: Float[Tensor, "h w 3"] | None = None
    """The normals as the model saw them; a classical start has none."""
    shape: Encoded | None = None
    """What the model saw of the whole picture in its small copy, turned to the light."""
    unrefined: str = NOT_REFINED
    """Why it is not refined, where it is not."""


def begin(work: Work, kind: Start, model: Clone | None) -> Beginning:
    """Find the first surface of a picture on its grid."""
    view = work.view
    if model is not None and kind == "auto":
        shape = see_shape(model, turned(work.whole, work.light_from))
        encoded = look(model, view, work.light_from, shape)
        rays = view_rays(view.camera)
        seen = normalize(encoded.encoding.normals)
        normals = held(seen, rays)
        # what the loop moves are depths: they have to agree with the normals from the first step
        depth = integrated(normals, rays, view.mask, encoded.encoding.depth_pixels)
        encoding = replace(encoded.encoding, normals=normals, depth_pixels=depth)
        albedo = coloured(encoding.log_albedo.exp(), view.rgb)
        return Beginning(encoding, encoded.features, normals, albedo, LEARNED, seen, shape)
    start = start_for(work.seen, view.camera, kind)
    albedo = coloured(torch.full_like(view.rgb, 0.5), view.rgb)
    encoding = encode_start(start, albedo, view.camera)
    return Beginning(encoding, None, splat(encoding, view).normals, albedo, NAMES[start.kind])


def coloured(
    albedo: Float[Tensor, "*b 3"], picture: Float[Tensor, "*b 3"]
) -> Float[Tensor, "*b 3"]:
    """Give an albedo the colours of the picture, as if the light had none; keep its luminance.

    Other lights teach the albedo's luminance alone, and its colours come out worse than these.
    """
    bright = luminance(picture)[..., None].clamp_min(BLACK)
    return luminance(albedo)[..., None] * picture.clamp_min(BLACK) / bright


def fine_normals(
    work: Work, kind: Start, model: Clone | None, begun: Beginning
) -> Float[Tensor, "h w 3"]:
    """Find the normals of a beginning at the full resolution of the part that is worked on."""
    if model is None or kind != "auto":
        return start_for(work.part, work.camera, kind).normals
    if begun.seen is not None and work.part.mask.shape == work.view.mask.shape:
        return begun.seen.cpu()  # the grid has every pixel: it was looked at already
    seen = look(model, work.whole, work.light_from, begun.shape)
    return normalize(seen.encoding.normals).cpu()


def look(model: Clone, view: View, light_from: LightFrom, shape: Encoded | None = None) -> Encoded:
    """Encode a picture with its light above; ``shape`` lies as the turned picture does."""
    return turned_back(encode(model, turned(view, light_from), shape), light_from)
