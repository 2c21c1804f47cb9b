"""Pictures that are lit from a side are looked at turned, so that their light comes from above.

One picture does not tell bumps from dents: turn it upside down and they change places. The encoder
takes light to come from above, as people do (Ramachandran 1988), and so do refinement and gate.
Where the artist knows better, the picture is turned before it is looked at, by quarters, and what
was seen is turned back.
"""

from dataclasses import fields, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from backend.camera import Camera
from backend.encoder import Encoded
from backend.gaussians import Encoding
from backend.model import Clone, Fused, Splatted, View, fused
from shared.settings import LightFrom

QUARTERS: dict[LightFrom, int] = {"above": 0, "right": 1, "below": 2, "left": 3}
"""Quarter turns against the clock that bring the light to the top."""


def turned(view: View, light_from: LightFrom) -> View:
    """Turn a picture, its mask and its camera until the light comes from above."""
    quarters = QUARTERS[light_from]
    if not quarters:
        return view
    camera = view.camera
    for _ in range(quarters):
        camera = _turned_camera(camera)
    hints = None if view.hints is None else _map(view.hints, quarters)
    return View(_map(view.rgb, quarters), _map(view.mask, quarters), camera, view.rasterize, hints)


def turned_slopes(
    slopes: Float[Tensor, "h w 2"], light_from: LightFrom
) -> Float[Tensor, "hh ww 2"]:
    """Turn a map of vectors in the picture's plane along with the picture."""
    return _vectors(slopes, QUARTERS[light_from])


def turned_back(seen: Encoded, light_from: LightFrom) -> Encoded:
    """Return what was seen in a turned picture as it lies in the picture itself."""
    quarters = QUARTERS[light_from]
    if not quarters:
        return seen
    back, encoding = 4 - quarters, seen.encoding
    maps = {f.name: _map(getattr(encoding, f.name), back) for f in fields(Encoding)}
    logits = maps["scale_logits"]
    maps["scale_logits"] = logits.flip(-1) if quarters % 2 else logits  # across is along now
    maps["normals"] = _vectors(encoding.normals, back)
    return Encoded(Encoding(**maps), _map(seen.features, back))


def fused_upright(
    splatted: Splatted,
    view: View,
    model: Clone | None,
    features: Float[Tensor, "h w f"] | None,
    light_from: LightFrom,
) -> Fused:
    """Refine and gate the splatted normals as they lie with their light above."""
    quarters = QUARTERS[light_from]
    if not quarters or model is None or features is None:
        return fused(splatted, view, model, features)
    splats = {f.name: getattr(splatted, f.name) for f in fields(Splatted)}
    upright = Splatted(**{name: _splats(name, splats[name], quarters) for name in splats})
    found = fused(upright, turned(view, light_from), model, _map(features, quarters))
    assert found.refined is not None
    back = 4 - quarters
    return Fused(_vectors(found.normals, back), _vectors(found.refined, back))


def _splats(name: str, values: Shaped[Tensor, "h w *c"], quarters: int) -> Tensor:
    return (_vectors if name.endswith("normals") else _map)(values, quarters)


def _turned_camera(camera: Camera) -> Camera:
    """Return the camera of a picture that was turned by a quarter against the clock."""
    (fx, _, cx), (_, fy, cy) = camera.intrinsics[:2]
    one, zero = torch.ones_like(fx), torch.zeros_like(fx)
    rows = (torch.stack([fy, zero, cy]), torch.stack([zero, fx, camera.width - cx]))
    intrinsics = torch.stack([*rows, torch.stack([zero, zero, one])])
    return replace(camera, intrinsics=intrinsics, width=camera.height, height=camera.width)


def _map(values: Shaped[Tensor, "h w *c"], quarters: int) -> Shaped[Tensor, "hh ww *c"]:
    return torch.rot90(values, quarters, (0, 1)).contiguous()


def _vectors(values: Float[Tensor, "h w c"], quarters: int) -> Float[Tensor, "hh ww c"]:
    """Turn a map of vectors (x right, y down, and maybe z), and the vectors themselves."""
    turned = _map(values, quarters)
    for _ in range(quarters):
        x, y, *rest = turned.unbind(-1)
        turned = torch.stack([y, -x, *rest], dim=-1)
    return turned
