"""The story in one screen: picture → start → Gaussians → light → closed loop → full resolution."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import view_rays
from backend.confidence import confidence
from backend.config import EngineConfig
from backend.errors import Refused, Stopped
from backend.full_resolution import Maps, at_full_resolution, pasted
from backend.gaussians import Encoding, Gaussians, albedo_of, closed, gaussians_of, normals_of
from backend.geometry import normalize
from backend.guidance import OWN_CONFIDENCE, Prior, guided, led
from backend.height import height_of
from backend.hints import EDGE, heeded
from backend.illumination import faint_lobe, irradiance, neutral_kernel
from backend.image import Picture
from backend.integration import integrated
from backend.light_solve import LightSolution, Observations, by_brightness, solve_light, to_gauge
from backend.loop import LoopResult, LoopState, optimise
from backend.model import Clone, Lighting, Turn, View, rerendered, splat
from backend.occlusion import occlusion
from backend.previews import Previews, Show, framed
from backend.priors.asking import ask
from backend.seamless import continued, continued_settings, folded
from backend.stages import Stages
from backend.start import Beginning, begin, fine_normals
from backend.turning import fused_upright
from backend.work import Work, prepare
from shared.messages import StageTime
from shared.settings import EstimateSettings

REFINED = "one step, gated"


@dataclass(frozen=True)
class Cloud:
    """The Gaussians with what they carry; OpenCV camera."""

    gaussians: Gaussians
    albedo: Float[Tensor, "n 3"]
    normals: Float[Tensor, "n 3"]
    confidence: Float[Tensor, " n"]


@dataclass(frozen=True)
class Relief:
    """The height of the surface and what it hides, of the picture's size."""

    height: Float[Tensor, "h w"]
    """In pixels, toward the viewer from the mean plane; 0 outside the mask."""
    occlusion: Float[Tensor, "h w"]
    """1 where the sky is open, and outside the mask."""


@dataclass(frozen=True)
class Estimate:
    """Everything found in one picture, and how."""

    maps: Maps
    relief: Relief | None
    mask: Bool[Tensor, "h w"]
    cloud: Cloud
    orthographic: bool
    pixel_size: float
    """Width of a pixel of the grid, in pixels of the picture."""
    light: LightSolution
    loop: LoopResult
    start: str
    refinement: str
    engine: str
    device: str
    stages: tuple[StageTime, ...]
    notes: tuple[str, ...]


def estimate(
    picture: Picture,
    settings: EstimateSettings,
    device: torch.device,
    report: Callable[[str, float], None],
    cancelled: Callable[[], bool],
    model: Clone | None,
    config: EngineConfig | None = None,
    show: Show | None = None,
    prior: Prior | None = None,
) -> Estimate:
    """Estimate normals, Gaussians, albedo, depth and light of one picture.

    ``report`` is told stage and fraction; ``cancelled`` is asked between steps; ``show`` gets the
    normals so far; without a ``model`` (``shipped_model``) the start is a classical one. ``prior``
    is what is known of the picture's normals, instead of what ``settings.prior`` would say.

    Raises:
        Refused: when the settings or the picture cannot be worked with.
        Stopped: when ``cancelled`` answered true.
    """
    if problem := settings.problem():
        raise Refused("bad_request", problem)
    if settings.seamless:
        size = picture.mask.shape
        around, flat = continued(picture), continued_settings(settings, *size)
        seen = None if show is None else framed(show, *size)
        told = None if prior is None else prior.continued()
        whole = estimate(around, flat, device, report, cancelled, model, config, seen, told)
        return _framed(whole, picture, settings.principal)
    config = config or EngineConfig()
    stages = Stages(report)
    stages.begin("Preparing", 0.0)
    work = prepare(picture, settings, device)
    view = work.view
    stages.begin("Finding a start", 0.03)
    begun = begin(work, settings.start, model)
    if settings.prior and prior is None:
        stages.begin("Asking the prior", 0.05)
        prior = ask(settings.prior, picture)
    known = None if prior is None else prior.cut(work.box)
    beginning = led(begun, known, view)
    state = initial_state(beginning, view, settings, config)
    if cancelled():
        raise Stopped
    if settings.steps:
        stages.begin("Closing the loop", 0.1)
    preview = None if show is None else Previews(show, picture.mask, work.box)
    loop = optimise(state, view, config, settings.steps, stages.within_loop, cancelled, preview)
    stages.begin("Full resolution", 0.92)
    with torch.no_grad():
        found = _settled(loop.state.encoding, view)
        final = _last_turn(found, loop.state.lighting, work, beginning, model, config)
        sure = confidence(found, final.normals, view, config.confidence)
        own = fine_normals(work, settings.start, model, begun)
        fine = guided(own, known)
        maps = _maps_of(picture, work, beginning, final, fine, sure)
        relief = _relief_of(maps, work, stages, cancelled) if settings.height else None
    stages.begin("Done", 1.0)
    return Estimate(
        maps=maps,
        relief=relief,
        mask=picture.mask,
        cloud=_cloud_of(found, view, sure),
        orthographic=view.camera.orthographic,
        pixel_size=work.box.width / view.camera.width,
        light=loop.state.solution,
        loop=loop,
        start=beginning.name,
        refinement=beginning.unrefined if final.refined is None else REFINED,
        engine=view.rasterize.name,
        device=str(device),
        stages=tuple(stages.times),
        notes=picture.notes if known is None else (*picture.notes, OWN_CONFIDENCE),
    )


def _framed(found: Estimate, picture: Picture, principal: tuple[float, float]) -> Estimate:
    """Bring what was found in a continued picture back to the picture itself."""
    height, width = picture.mask.shape
    cloud, relief = found.cloud, found.relief
    size = cloud.albedo.new_tensor([width, height])
    axis = size * size.new_tensor(principal)
    places = cloud.gaussians.means[:, :2] * found.pixel_size + axis
    kept = ((places >= 0) & (places <= size)).all(-1)
    gaussians = Gaussians(**{name: values[kept] for name, values in vars(cloud.gaussians).items()})
    maps = Maps(**folded(vars(found.maps), height, width))
    turned = {name: normalize(getattr(maps, name)) for name in ("normals", "start")}
    return replace(
        found,
        maps=replace(maps, **turned),
        relief=None if relief is None else Relief(**folded(vars(relief), height, width)),
        mask=picture.mask,
        cloud=Cloud(gaussians, cloud.albedo[kept], cloud.normals[kept], cloud.confidence[kept]),
    )


def initial_state(
    beginning: Beginning, view: View, settings: EstimateSettings, config: EngineConfig
) -> LoopState:
    """Give a first surface its albedo and a first light.

    What the light does not explain is shared between albedo and the loop; without a loop the
    albedo takes it all. The light is solved from brightness, so it has no colours: those of the
    picture are taken for the albedo's.
    """
    share = config.loop.albedo_share if settings.steps else 1.0
    generator = torch.Generator().manual_seed(settings.seed)
    device = view.rgb.device
    inside = view.observed
    normals, albedo = beginning.normals[inside], beginning.albedo[inside]
    seen = Observations(normals, albedo, view.rgb[inside], torch.ones_like(albedo[:, :2]))
    solution = solve_light(by_brightness(seen), config.light)
    light, level = to_gauge(solution.light, normals)
    explained = irradiance(beginning.normals, light, torch.ones_like(view.rgb[..., :2]))
    gauged = beginning.albedo * level
    leftover = view.rgb.clamp_min(1e-3) / (gauged * explained.clamp_min(0.05))
    log_albedo = (gauged * leftover**share).clamp_min(0.02).log()
    encoding = replace(beginning.encoding, log_albedo=log_albedo)
    lighting = Lighting(light, neutral_kernel(config.kernel, generator, device), faint_lobe(device))
    return LoopState(encoding, lighting, solution)


def _settled(encoding: Encoding, view: View) -> Encoding:
    """Make the Gaussians keep to what was painted, and lie where their normals then say."""
    if view.hints is None:
        return encoding
    normals = heeded(normalize(encoding.normals), view.mask, view.hints, 0)
    depth = integrated(normals, view_rays(view.camera), view.mask, encoding.depth_pixels)
    return replace(encoding, normals=normals, depth_pixels=depth)


def _last_turn(
    encoding: Encoding,
    lighting: Lighting,
    work: Work,
    beginning: Beginning,
    model: Clone | None,
    config: EngineConfig,
) -> Turn:
    """Go around once more, with refinement, and light normals that keep to what was painted."""
    view = work.view
    splatted = splat(encoding, view)
    found = fused_upright(splatted, view, model, beginning.features, work.light_from)
    painted = replace(found, normals=heeded(found.normals, view.mask, view.hints, 0))
    return rerendered(splatted, painted, view, lighting, config)


def _maps_of(
    picture: Picture,
    work: Work,
    beginning: Beginning,
    final: Turn,
    fine_start: Float[Tensor, "h w 3"],
    sure: Float[Tensor, "gh gw"],
) -> Maps:
    """Return the maps, their normals as they were painted to the pixel."""
    maps = at_full_resolution(
        picture, work.view, beginning.normals, final, fine_start, sure, work.box
    )
    return replace(maps, normals=heeded(maps.normals, picture.mask, picture.hints, EDGE))


def _relief_of(maps: Maps, work: Work, stages: Stages, cancelled: Callable[[], bool]) -> Relief:
    """Integrate the height of the part that is worked on, and find what it hides."""

    def between() -> None:
        if cancelled():
            raise Stopped

    stages.begin("Finding the height", 0.96)
    whole = maps.depth.shape
    box, inside = work.box, work.part.mask
    rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
    height = height_of(maps.normals[rows, columns], work.camera, inside, between)
    sky = occlusion(height, inside, between)
    return Relief(
        pasted(height, inside, box, torch.zeros(whole)),
        pasted(sky, inside, box, torch.ones(whole)),
    )


def _cloud_of(encoding: Encoding, view: View, sure: Float[Tensor, "h w"]) -> Cloud:
    gaussians = gaussians_of(encoding, view.camera, view.mask)
    return Cloud(
        gaussians=closed(gaussians, view.camera),
        albedo=albedo_of(encoding)[view.mask].clamp(0.0, 1.0),
        normals=normals_of(gaussians, view.camera, view.mask),
        confidence=sure[view.mask],
    )
