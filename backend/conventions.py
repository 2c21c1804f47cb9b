"""The engine's edge: from the OpenCV camera inside to the conventions of the wire.

Flipping y and z turns one into the other (x right, y up, z toward the viewer).
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.light_solve import LightSolution
from backend.pipeline import Estimate
from shared.messages import Light, Report

HARMONIC_SIGNS = (1, -1, -1, 1, -1, 1, 1, -1, 1)
"""How 1, y, z, x, xy, yz, 3z²−1, xz, x²−y² change when y and z flip."""


def flip_axes(vectors: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 3"]:
    """Turn OpenCV camera vectors into wire vectors, or back."""
    return vectors * vectors.new_tensor([1.0, -1.0, -1.0])


def flip_quats(quats: Float[Tensor, "*b 4"]) -> Float[Tensor, "*b 4"]:
    """Turn rotations F·R·F: a Gaussian's own third axis becomes its normal."""
    return quats * quats.new_tensor([1.0, 1.0, -1.0, -1.0])


def wire_arrays(result: Estimate) -> dict[str, np.ndarray]:
    """Return the arrays of ``shared.messages.Result``: float32, wire axes, depth in gauge."""
    maps, cloud = result.maps, result.cloud
    shift, scale = _depth_gauge(result)
    offset = maps.depth.new_tensor([0.0, 0.0, shift])
    arrays = {
        "normals": flip_axes(maps.normals),
        "depth": (maps.depth - shift) * scale,
        "albedo": maps.albedo,
        "shading": maps.shading,
        "rerendered": maps.rerendered,
        "confidence": maps.confidence,
        "means": flip_axes((cloud.gaussians.means - offset) * scale),
        "quats": flip_quats(cloud.gaussians.quats),
        "scales": cloud.gaussians.scales * scale,
        "opacities": cloud.gaussians.opacities,
        "colours": cloud.albedo,
        "gaussian_normals": flip_axes(cloud.normals),
        "gaussian_confidence": cloud.confidence,
    }
    if result.relief is not None:
        arrays |= {"height": result.relief.height, "occlusion": result.relief.occlusion}
    return {
        name: np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.float32)
        for name, values in arrays.items()
    }


def wire_report(result: Estimate) -> Report:
    """Return what was done, for the wire and for the report file."""
    return Report(
        start=result.start,
        refinement=result.refinement,
        engine=result.engine,
        device=result.device,
        steps=result.loop.steps,
        gaussians=len(result.cloud.gaussians.means),
        residual_before=result.loop.residual_before,
        residual_after=result.loop.residual_after,
        light=wire_light(result.light),
        stages=result.stages,
        notes=result.notes,
    )


def wire_light(solution: LightSolution) -> Light:
    """Return the recovered light in wire axes."""
    light = solution.light
    signs = light.ambient.new_tensor(HARMONIC_SIGNS)
    ambient = (light.ambient * signs[:, None]).tolist()
    return Light(
        determined=solution.determined,
        condition=solution.condition,
        sun_direction=tuple(flip_axes(light.sun_direction).tolist()),
        sun_colour=tuple(light.sun_colour.tolist()),
        ambient=tuple(tuple(row) for row in ambient),
    )


def _depth_gauge(result: Estimate) -> tuple[float, float]:
    """Return the shift and scale that fix what one picture leaves free (see ``shared``)."""
    median = float(torch.median(result.maps.depth[result.mask]))
    return (median, result.pixel_size) if result.orthographic else (0.0, 1.0 / median)
