"""The test-time closed loop: pull geometry, albedo and light of one picture into agreement with it.

Coarse to fine, Adam on the Gaussians' parameters, the light solved anew in closed form every few
steps, a trust region around the start, an early stop. Deterministic.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float
from torch import Tensor

from backend import losses
from backend.camera import view_rays
from backend.config import EngineConfig, LossConfig
from backend.errors import Stopped
from backend.gaussians import Encoding, albedo_of
from backend.illumination import Lobe, ModulationKernel, gloss
from backend.light_solve import LightSolution, Observations, by_brightness, solve_light, to_gauge
from backend.model import (
    Lighting,
    Splatted,
    Turn,
    View,
    modulations_of,
    resized_view,
    splat,
    turn,
)
from backend.resample import resize

APPEARANCE = ("log_albedo",)
FIXED = ("confidence_logits",)
Show = Callable[[Float[Tensor, "h w 3"]], None]
"""Called with the Gaussians' normals on the grid the loop is on, not normalised."""


@dataclass(frozen=True)
class LoopState:
    """Where the loop stands."""

    encoding: Encoding
    lighting: Lighting
    solution: LightSolution


@dataclass(frozen=True)
class LoopResult:
    """Where the loop ended."""

    state: LoopState
    steps: int
    residual_before: float
    residual_after: float
    """Mean absolute difference of the re-rendered picture to its target over the mask."""


def optimise(
    state: LoopState,
    view: View,
    config: EngineConfig,
    steps: int,
    report: Callable[[float], None],
    cancelled: Callable[[], bool],
    show: Show | None = None,
) -> LoopResult:
    """Run the closed loop for at most ``steps`` steps; ``show`` gets the normals after each.

    Raises:
        Stopped: when ``cancelled`` answers true between two steps.
    """
    with torch.no_grad():
        before = _residual(turn(state.encoding, view, state.lighting, config), view)
    if steps == 0:
        return LoopResult(state, 0, before, before)
    coarse_steps = round(steps * config.loop.coarse_share)
    half = (max(8, round(side / 2)) for side in view.mask.shape)
    coarse = resized_view(view, *half)
    done = 0
    if coarse_steps and int(coarse.mask.sum()) >= 64:
        small = _resized_state(state, view, coarse)
        started = small.encoding
        small, done = _descend(
            small, coarse, config, coarse_steps, lambda n: report(n / steps), cancelled, show
        )
        state = _with_correction(state, started, small, view)
    fine_steps = steps - coarse_steps
    state, fine_done = _descend(
        state, view, config, fine_steps, lambda n: report((coarse_steps + n) / steps), cancelled,
        show,
    )  # fmt: skip
    with torch.no_grad():
        after = _residual(turn(state.encoding, view, state.lighting, config), view)
    return LoopResult(state, done + fine_done, before, after)


def relight(state: LoopState, view: View, splatted: Splatted, config: EngineConfig) -> LoopState:
    """Solve the light for the present geometry and albedo; albedo keeps the gauge."""
    with torch.no_grad():
        # the most solid of what there is: some pixel always is
        seen_at = view.observed
        mask = seen_at & (splatted.alpha >= 0.5 * splatted.alpha[seen_at].max())
        modulations = modulations_of(state.lighting, view, config)
        rays = view_rays(view.camera)
        light, lobe = state.lighting.light, state.lighting.lobe
        highlight = gloss(splatted.normals, rays, light, lobe, modulations)
        seen = Observations(
            splatted.normals[mask],
            splatted.albedo[mask],
            (splatted.target - highlight)[mask],
            modulations[mask],
        )
        solution = solve_light(by_brightness(seen), config.light)
        gauged, level = to_gauge(solution.light, seen.normals)
        values = vars(state.encoding) | {"log_albedo": state.encoding.log_albedo + level.log()}
        lighting = Lighting(gauged, state.lighting.kernel, lobe)
        return LoopState(Encoding(**values), lighting, solution)


def _descend(
    state: LoopState,
    view: View,
    config: EngineConfig,
    steps: int,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
    show: Show | None,
) -> tuple[LoopState, int]:
    """Run Adam at one resolution; return the new state and the steps it took."""
    start = _detached(state)
    start_maps = splat(start.encoding, view)
    state, optimiser = _leaves(start, config)
    best, since_best = float("inf"), 0
    smoothed = None
    for step in range(steps):
        if cancelled():
            raise Stopped
        if step and step % config.loop.relight_every == 0:
            relit = relight(_detached(state), view, splat(_detached(state).encoding, view), config)
            state = _adopt(state, relit)
        optimiser.zero_grad(set_to_none=True)
        loss = objective(state, start.encoding, start_maps, view, config)
        loss.backward()
        optimiser.step()
        if show is not None:
            show(state.encoding.normals.detach())
        report(step + 1)
        value = loss.item()
        smoothed = value if smoothed is None else 0.8 * smoothed + 0.2 * value
        if smoothed < best * (1 - config.loop.least_gain):
            best, since_best = smoothed, 0
        else:
            since_best += 1
        if since_best >= config.loop.patience:
            return _detached(state), step + 1
    return _detached(state), steps


def objective(
    state: LoopState,
    start: Encoding,
    start_maps: Splatted,
    view: View,
    config: EngineConfig,
) -> Float[Tensor, ""]:
    """Return the loss of one turn."""
    now = turn(state.encoding, view, state.lighting, config)
    inside = view.mask.float()
    solid = now.splatted.alpha.detach() > 0.5
    weights = view.observed * solid.float()
    scale: LossConfig = config.losses
    trust = scale.trust if state.solution.determined else scale.trust_undetermined
    albedo_drift = (state.encoding.log_albedo - start.log_albedo).square().mean(-1)
    return (
        scale.reprojection * losses.reprojection(now.rerendered, now.splatted.target, weights)
        + scale.structure * losses.structure(now.rerendered, now.splatted.target, weights)
        + scale.orientation
        * losses.orientation(now.splatted.own_normals, now.splatted.mean_normals, inside)
        + trust * losses.trust(now.normals, start_maps.normals, inside * solid)
        + scale.albedo_sparsity
        * losses.albedo_sparsity(albedo_of(state.encoding).log(), view.rgb, inside)
        + scale.albedo_start * losses.weighted_mean(albedo_drift, inside)
        + scale.kernel_energy * losses.kernel_energy(state.lighting.kernel)
        + scale.flatness
        * losses.weighted_mean(torch.sigmoid(state.encoding.flatness_logits), inside)
    )


def _residual(now: Turn, view: View) -> float:
    difference = (now.rerendered - now.splatted.target).abs().mean(-1)
    return float(losses.weighted_mean(difference, view.observed.float()))


def _leaves(state: LoopState, config: EngineConfig) -> tuple[LoopState, torch.optim.Adam]:
    """Make every optimised tensor a leaf and give each kind its rate."""
    rates = config.loop
    encoding = {
        name: value.clone().requires_grad_(name not in FIXED)
        for name, value in vars(state.encoding).items()
    }
    kernel = {n: v.clone().requires_grad_() for n, v in vars(state.lighting.kernel).items()}
    lobe = {n: v.clone().requires_grad_() for n, v in vars(state.lighting.lobe).items()}
    geometry = [v for n, v in encoding.items() if n not in APPEARANCE + FIXED]
    appearance = [encoding[name] for name in APPEARANCE]
    optimiser = torch.optim.Adam(
        [
            {"params": geometry, "lr": rates.geometry_rate},
            {"params": appearance, "lr": rates.appearance_rate},
            {"params": [*kernel.values(), *lobe.values()], "lr": rates.kernel_rate},
        ],
        betas=(0.9, 0.95),
    )
    lighting = Lighting(state.lighting.light, ModulationKernel(**kernel), Lobe(**lobe))
    return LoopState(Encoding(**encoding), lighting, state.solution), optimiser


def _adopt(state: LoopState, relit: LoopState) -> LoopState:
    """Take over a solved light without replacing the leaves the optimiser holds."""
    with torch.no_grad():
        state.encoding.log_albedo.copy_(relit.encoding.log_albedo)
    lighting = Lighting(relit.lighting.light, state.lighting.kernel, state.lighting.lobe)
    return LoopState(state.encoding, lighting, relit.solution)


def _detached(state: LoopState) -> LoopState:
    encoding = Encoding(**{n: v.detach() for n, v in vars(state.encoding).items()})
    kernel = ModulationKernel(**{n: v.detach() for n, v in vars(state.lighting.kernel).items()})
    lobe = Lobe(**{n: v.detach() for n, v in vars(state.lighting.lobe).items()})
    return LoopState(encoding, Lighting(state.lighting.light, kernel, lobe), state.solution)


def _resized_encoding(encoding: Encoding, before: View, after: View) -> Encoding:
    """Resample every map; depth is measured in pixels and scales with them."""
    size = after.camera.height, after.camera.width
    maps = {f.name: resize(getattr(encoding, f.name), *size) for f in fields(Encoding)}
    maps["depth_pixels"] = maps["depth_pixels"] * (after.camera.width / before.camera.width)
    return Encoding(**maps)


def _resized_state(state: LoopState, before: View, after: View) -> LoopState:
    encoding = _resized_encoding(state.encoding, before, after)
    return LoopState(encoding, state.lighting, state.solution)


def _with_correction(fine: LoopState, before: Encoding, after: LoopState, view: View) -> LoopState:
    """Add what the coarse level changed to the fine level, keeping the fine level's detail."""
    size = view.camera.height, view.camera.width
    ratio = view.camera.width / before.depth_pixels.shape[1]
    maps = {}
    for f in fields(Encoding):
        change = getattr(after.encoding, f.name) - getattr(before, f.name)
        if f.name == "depth_pixels":
            change = change * ratio
        maps[f.name] = getattr(fine.encoding, f.name) + resize(change, *size)
    return LoopState(Encoding(**maps), after.lighting, after.solution)
