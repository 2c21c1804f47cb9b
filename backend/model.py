"""CLONE: the parts joined. One ``turn`` goes once around the loop, differentiable throughout."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, UInt8
from safetensors.torch import load_file
from torch import Tensor, nn

from backend.camera import Camera, pixel_centres, resized, unproject, view_rays
from backend.config import EngineConfig
from backend.efficientnet import EfficientNetLite, fold_norms
from backend.encoder import Encoded, Encoder, context_depths_of
from backend.gaussians import Encoding, albedo_of, depth_of, gaussians_of, normals_of
from backend.geometry import normalize, surface_normals
from backend.illumination import (
    Illumination,
    Lobe,
    ModulationKernel,
    gloss,
    irradiance,
    modulation,
)
from backend.image import IGNORED, resize_hints, resize_inside
from backend.outline import outline_slopes
from backend.rasterizer import Rasterizer
from backend.refinement import Gate, Refinement, fuse

WEIGHTS = Path(__file__).parent / "weights" / "clone.safetensors"


@dataclass(frozen=True)
class View:
    """What is fixed while the loop turns: the picture, its mask, its camera and the engine."""

    rgb: Float[Tensor, "h w 3"]
    mask: Bool[Tensor, "h w"]
    camera: Camera
    rasterize: Rasterizer
    hints: UInt8[Tensor, "h w"] | None = None
    """What the artist painted, see ``image.Picture``."""

    @property
    def observed(self) -> Bool[Tensor, "h w"]:
        """Where the picture says something: the mask without what is ignored."""
        if self.hints is None:
            return self.mask
        observed = self.mask & (self.hints != IGNORED)
        return observed if bool(observed.any()) else self.mask  # on a small grid none may be left


def resized_view(view: View, height: int, width: int) -> View:
    """Return a view on another grid; colours are averaged inside the mask only."""
    rgb, mask = resize_inside(view.rgb, view.mask, height, width)
    hints = resize_hints(view.hints, height, width)
    return View(rgb, mask, resized(view.camera, width, height), view.rasterize, hints)


@dataclass(frozen=True)
class Lighting:
    """Everything that lights the scene."""

    light: Illumination
    kernel: ModulationKernel
    lobe: Lobe


@dataclass(frozen=True)
class Splatted:
    """The Gaussians as maps; features divided by alpha."""

    normals: Float[Tensor, "h w 3"]
    """Covariance normals N_g, unit length."""
    albedo: Float[Tensor, "h w 3"]
    target: Float[Tensor, "h w 3"]
    """The picture passed through the same splats, without gradient: texture that splats cannot
    carry must not be paid for by geometry."""
    depth: Float[Tensor, "h w"]
    alpha: Float[Tensor, "h w"]
    mean_normals: Float[Tensor, "h w 3"]
    """Normals of the surface through the Gaussians' means, on the grid of the Gaussians."""
    own_normals: Float[Tensor, "h w 3"]
    """Covariance normal of each pixel's own Gaussian."""


@dataclass(frozen=True)
class Fused:
    """The Gaussians' normals after refinement and gate."""

    normals: Float[Tensor, "h w 3"]
    """N; N_g itself where there is no trained refinement."""
    refined: Float[Tensor, "h w 3"] | None


@dataclass(frozen=True)
class Turn:
    """One turn of the loop."""

    splatted: Splatted
    normals: Float[Tensor, "h w 3"]
    """Fused normals N; N_g itself while there is no trained refinement."""
    refined: Float[Tensor, "h w 3"] | None
    shading: Float[Tensor, "h w 3"]
    rerendered: Float[Tensor, "h w 3"]


class Clone(nn.Module):
    """The learned parts: encoder, refinement and gate."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config.networks)
        self.refinement = Refinement(config.networks)
        self.gate = Gate(config.networks)

    def forward(self, view: View, outline: Float[Tensor, "h w 2"] | None = None) -> Encoded:
        """Encode the picture; what lies outside the mask is black, as in training.

        ``outline`` is the mask's own unless the view is a part of a larger one.
        """
        shown = view.rgb * view.mask[..., None]
        hint = outline_slopes(view.mask) if outline is None else outline
        batch = self.encoder(shown[None], view_rays(view.camera)[None], hint[None])
        maps = {name: values[0] for name, values in vars(batch.encoding).items()}
        return Encoded(Encoding(**maps), batch.features[0])


def shipped_model(device: torch.device) -> Clone | None:
    """Return the model with the weights that ship, or None in a tree that has none."""
    return load_model(WEIGHTS, EngineConfig()).to(device) if WEIGHTS.is_file() else None


def sized_for(weights: Mapping[str, Tensor], config: EngineConfig) -> EngineConfig:
    """Return the config of a model as deep as the one that the weights are of."""
    depths = context_depths_of(weights, len(config.networks.decoder_widths))
    return replace(config, networks=replace(config.networks, context_depths=depths))


def load_model(path: Path, config: EngineConfig) -> Clone:
    """Load weights strictly, to answer with and not to learn on.

    Raises:
        ValueError: naming the keys that are missing or not expected.
    """
    weights = {name: value.float() for name, value in load_file(path).items()}
    model = Clone(sized_for(weights, config))
    expected = set(model.state_dict())
    missing, unexpected = expected - set(weights), set(weights) - expected
    if missing or unexpected:
        raise ValueError(
            f"{path.name} does not fit this version of the model; "
            f"missing: {sorted(missing)}; not expected: {sorted(unexpected)}"
        )
    model.load_state_dict(weights)
    model.eval()
    if isinstance(model.encoder.trunk, EfficientNetLite):
        fold_norms(model.encoder.trunk)
    return model


def splat(encoding: Encoding, view: View) -> Splatted:
    """Rasterise normals, albedo and the picture in one pass."""
    gaussians = gaussians_of(encoding, view.camera, view.mask)
    normals = normals_of(gaussians, view.camera, view.mask)
    features = torch.cat([normals, albedo_of(encoding)[view.mask], view.rgb[view.mask]], dim=-1)
    rendering = view.rasterize(gaussians, features, view.camera)
    maps = rendering.features / rendering.alpha[..., None].clamp_min(1e-4)
    points = unproject(view.camera, depth_of(encoding, view.camera))
    own = torch.zeros_like(points).index_put((view.mask,), normals)
    return Splatted(
        normals=normalize(maps[..., :3]),
        albedo=maps[..., 3:6],
        target=maps[..., 6:].detach(),
        depth=rendering.depth,
        alpha=rendering.alpha,
        mean_normals=surface_normals(points, view.mask.float()),
        own_normals=own,
    )


def modulations_of(lighting: Lighting, view: View, config: EngineConfig) -> Float[Tensor, "h w 2"]:
    """Evaluate the modulation kernel over the picture."""
    camera = view.camera
    size = view.rgb.new_tensor([camera.width, camera.height])
    return modulation(lighting.kernel, pixel_centres(camera) / size, config.kernel)


def fused(
    splatted: Splatted,
    view: View,
    model: Clone | None,
    features: Float[Tensor, "h w f"] | None,
) -> Fused:
    """Refine the splatted normals in one step and gate both; without a model N is N_g."""
    normals = splatted.normals
    if model is None or features is None:
        return Fused(normals, None)
    refined = model.refinement(normals, splatted.depth, view.rgb, features)
    gate = model.gate(normals, refined, features)
    return Fused(fuse(normals, refined, gate), refined)


def rerendered(
    splatted: Splatted, found: Fused, view: View, lighting: Lighting, config: EngineConfig
) -> Turn:
    """Light the fused normals and render the picture again."""
    modulations = modulations_of(lighting, view, config)
    shading = irradiance(found.normals, lighting.light, modulations)
    rays = view_rays(view.camera)
    highlight = gloss(found.normals, rays, lighting.light, lighting.lobe, modulations)
    picture = splatted.albedo * shading + highlight
    return Turn(splatted, found.normals, found.refined, shading, picture)


def turn(
    encoding: Encoding,
    view: View,
    lighting: Lighting,
    config: EngineConfig,
    model: Clone | None = None,
    features: Float[Tensor, "h w f"] | None = None,
) -> Turn:
    """Go once around: splat, refine, fuse, light, re-render."""
    splatted = splat(encoding, view)
    return rerendered(splatted, fused(splatted, view, model, features), view, lighting, config)
