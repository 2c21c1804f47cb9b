"""The height of a surface with given normals over its mean plane, at any size of picture.

``integration`` solves a small grid; at full resolution a few rounds of conjugate gradients add what
is finer. They are preconditioned by the Poisson equation of the whole rectangle, which two cosine
transforms solve: so few rounds do whatever the size and the outline, and no matrix is stored.
"""

from collections.abc import Callable, Iterable

import numpy as np
import scipy.fft
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import Camera, view_rays
from backend.geometry import normalize
from backend.image import resize_mask
from backend.integration import integrated, slopes_of
from backend.resample import filled, resize

COARSE = 192
"""Longest side of the grid that is solved from nothing."""
ROUNDS = 4
TOLERANCE = 1e-3
"""Part of the first residual (in the preconditioner's norm) at which the rounds end."""


def height_of(
    normals: Float[Tensor, "h w 3"],
    camera: Camera,
    inside: Bool[Tensor, "h w"],
    between: Callable[[], None] = lambda: None,
) -> Float[Tensor, "h w"]:
    """Return the height toward the viewer over the mean plane, in pixels; 0 outside the mask.

    Normals of the OpenCV camera. In a perspective picture the height is measured along the line of
    sight, in pixels as wide as they are at the surface, and a tilted plane is level there too.
    ``between`` is called before every round.
    """
    rays = view_rays(camera)
    slopes, weights = slopes_of(normals, rays)
    first = _coarse_depth(normals, rays, inside)
    solved = _refined(slopes.numpy(), weights.numpy(), inside.numpy(), first.numpy(), between)
    depth = torch.from_numpy(solved)
    depth = depth - depth[inside].mean()
    if camera.orthographic:
        height = _mean_plane(depth, inside) - depth
    else:
        focal = camera.intrinsics[0, 0]
        # 1/z of a plane is linear in the picture
        plane = _mean_plane(torch.exp(-depth / focal), inside).clamp_min(1e-3)
        height = -focal * plane.log() - depth
    return torch.where(inside, height - height[inside].mean(), 0.0)


def _coarse_depth(
    normals: Float[Tensor, "h w 3"], rays: Float[Tensor, "h w 3"], inside: Bool[Tensor, "h w"]
) -> Float[Tensor, "h w"]:
    """Integrate on a small grid, and interpolate."""
    height, width = inside.shape
    scale = min(1.0, COARSE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    mostly = resize_mask(inside, *size)
    shown = normals * inside[..., None]
    less, sight = normalize(resize(shown, *size)), resize(rays, *size)
    depth = integrated(less, sight, mostly, torch.zeros(size))
    return resize(filled(depth[..., None], mostly)[..., 0], height, width) / scale


def _refined(
    slopes: np.ndarray,
    weights: np.ndarray,
    inside: np.ndarray,
    depth: np.ndarray,
    between: Callable[[], None],
) -> np.ndarray:
    """Improve a depth until its steps are the slopes, by preconditioned conjugate gradients."""
    strengths = [_between(np.minimum, weights, axis) * _between(np.logical_and, inside, axis)
                 for axis in (0, 1)]  # fmt: skip
    wanted = [_between(np.add, slopes[..., 1 - axis], axis) / 2 for axis in (0, 1)]
    spectrum = _spectrum(inside.shape)
    steps = (wanted[axis] - np.diff(depth, axis=axis) for axis in (0, 1))
    residual = _gathered(strengths, steps)
    direction = guess = _poisson(residual, spectrum)
    left = start = float(np.vdot(residual, guess))
    for _ in range(ROUNDS):
        between()
        if left <= TOLERANCE**2 * start or left < 1e-12:
            break
        pushed = _gathered(strengths, (np.diff(direction, axis=axis) for axis in (0, 1)))
        length = np.float32(left / float(np.vdot(direction, pushed)))
        depth = depth + length * direction
        residual -= length * pushed
        guess = _poisson(residual, spectrum)
        before, left = left, float(np.vdot(residual, guess))
        direction = guess + np.float32(left / before) * direction
    return depth


def _between(merge: np.ufunc, values: np.ndarray, axis: int) -> np.ndarray:
    """Merge every pixel with the next along an axis."""
    if axis == 0:
        return merge(values[:-1], values[1:])
    return merge(values[:, :-1], values[:, 1:])


def _gathered(strengths: list[np.ndarray], steps: Iterable[np.ndarray]) -> np.ndarray:
    """Sum weighted steps at the pixels between which they lie: the negative divergence."""
    height, width = strengths[1].shape[0], strengths[0].shape[1]
    total = np.zeros((height, width), np.float32)
    for axis, (strength, step) in enumerate(zip(strengths, steps, strict=True)):
        flow = strength * step
        before, after = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        total[after] += flow
        total[before] -= flow
    return total


def _spectrum(shape: tuple[int, ...]) -> np.ndarray:
    """Return the eigenvalues of the Laplacian of a rectangle under the cosine transform."""
    rows, columns = (2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in shape)
    spectrum = (rows[:, None] + columns[None, :]).astype(np.float32)
    spectrum[0, 0] = np.inf  # the level is free
    return spectrum


def _poisson(right: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    workers = torch.get_num_threads()
    modes = scipy.fft.dctn(right, norm="ortho", workers=workers)
    modes /= spectrum
    return scipy.fft.idctn(modes, norm="ortho", overwrite_x=True, workers=workers)


def _mean_plane(values: Float[Tensor, "h w"], inside: Bool[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    """Fit a + b·u + c·v to the values inside by least squares."""
    v, u = (torch.linspace(-1, 1, side) for side in values.shape)
    weight = inside.float()
    down, across = (torch.stack([torch.ones_like(x), x, x * x]) for x in (v, u))
    moments = (down @ weight @ across.T).double()  # of v^i u^j
    right = (down[:2] @ (values * weight) @ across[:2].T).double()
    powers = ((0, 0), (0, 1), (1, 0))
    system = torch.stack(
        [torch.stack([moments[i + k, j + m] for k, m in powers]) for i, j in powers]
    )
    known = torch.stack([right[i, j] for i, j in powers])
    # a mask one pixel wide leaves a tilt free
    level, along_u, along_v = (torch.linalg.pinv(system, hermitian=True) @ known).float()
    return level + along_u * u[None, :] + along_v * v[:, None]
