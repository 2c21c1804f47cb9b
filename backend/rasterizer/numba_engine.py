"""The CPU engine: numba kernels under two hand-written autograd functions.

Used for any number of equally large pictures at once: the tiles of all of them are one pool of
work, which is what keeps many cores busy on small pictures.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer import numba_gradients, numba_kernels, numba_projection
from backend.rasterizer.protocol import Rendering

_pool = ThreadPoolExecutor(os.cpu_count(), "splatting")  # starts its threads when first asked


class _Project(torch.autograd.Function):
    """``project_gaussians`` in one pass over the Gaussians."""

    @staticmethod
    def forward(ctx: Any, means, quats, scales, opacities, viewmat, lens):
        arrays = _arrays(means, quats, scales)
        ctx.save_for_backward(means, quats, scales, viewmat)
        ctx.lens, ctx.view = np.array(lens, np.float64), _arrays(viewmat.double())[0]
        shapes = ((len(means), 2), (len(means), 3), (len(means),), (len(means), 2))
        flat, conics, depths, extents = (np.empty(shape, arrays[0].dtype) for shape in shapes)
        ctx.radii = np.empty((len(means), 2), np.int32)
        _share(
            numba_projection.project_all, len(means),
            *arrays, *_arrays(opacities), ctx.view, ctx.lens,
            flat, conics, depths, ctx.radii, extents,
        )  # fmt: skip
        outputs = [torch.from_numpy(one) for one in (flat, conics, depths, ctx.radii, extents)]
        ctx.mark_non_differentiable(*outputs[3:])
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_flat, g_conics, g_depths, *_):
        arrays = _arrays(*ctx.saved_tensors[:3])
        grads = [np.zeros(array.shape, array.dtype) for array in arrays]
        chunks = -(-len(arrays[0]) // numba_projection.CHUNK)
        g_views = np.zeros((chunks, 3, 4))
        _share(
            numba_projection.project_all_back, chunks,
            *arrays, ctx.view, ctx.lens, ctx.radii, *_arrays(g_flat, g_conics, g_depths),
            *grads, g_views,
        )  # fmt: skip
        g_viewmat = torch.zeros_like(ctx.saved_tensors[3])
        g_viewmat[:3] = torch.from_numpy(g_views.sum(0))
        return *map(torch.from_numpy, grads), None, g_viewmat, None


class _Composite(torch.autograd.Function):
    """Depth sort, tile lists and blending."""

    @staticmethod
    def forward(ctx: Any, means, conics, opacities, depths, features, extents, counts, size):
        width, height = size
        inputs = _arrays(means, conics, opacities, extents, depths, features)
        order = numba_kernels.depth_order(inputs[4].view(np.uint32), inputs[3])
        channels = features.shape[1]
        records = np.empty((len(order), numba_kernels.RECORD + channels + 1), np.float32)
        _share(numba_kernels.gather_records, len(order), order, *inputs, records)
        tiles = numba_kernels.tile_count(width, height)
        first_tile = np.repeat(np.arange(len(counts)) * tiles, counts)[order]
        lists = numba_kernels.tile_lists(records, first_tile, width, height, len(counts) * tiles)
        shapes = ((channels,), (), (), (2,))
        outputs = tuple(
            np.empty((len(counts), height, width, *shape), np.float32) for shape in shapes
        )
        _share(numba_kernels.composite, len(counts) * tiles, records, *lists[:2], outputs)
        ctx.kept = (order, records, lists, outputs[3])
        ctx.shape = features.shape
        return tuple(torch.from_numpy(output) for output in outputs[:3])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g_outputs):
        order, records, (starts, entries, firsts, places), states = ctx.kept
        count, channels = ctx.shape
        pairs = np.empty((len(entries), numba_gradients.MOMENTS + channels + 1), np.float32)
        _share(
            numba_gradients.composite_back, len(starts) - 1,
            records, starts, entries, states, tuple(_arrays(*g_outputs)), pairs,
        )  # fmt: skip
        shapes = ((2,), (3,), (), (), (channels,))
        grads = [np.zeros((count, *shape), np.float32) for shape in shapes]
        _share(
            numba_gradients.scatter_gradients, len(order),
            order, records, firsts, places, pairs, *grads,
        )  # fmt: skip
        return *map(torch.from_numpy, grads), None, None, None


def _share(kernel: Callable[..., None], count: int, *arguments: Any) -> None:
    """Run ``kernel(begin, end, ...)`` over ranges of a count, one range per thread of torch's.

    Python's own threads, as the kernels hold no lock: numba's pools burn the idle cores (OpenMP)
    or end the process when two threads call them (workqueue).
    """
    workers = max(1, min(torch.get_num_threads(), count))
    bounds = [count * worker // workers for worker in range(workers + 1)]
    others = [_pool.submit(kernel, *ends, *arguments) for ends in list(pairwise(bounds))[1:]]
    kernel(0, bounds[1], *arguments)
    for other in others:
        other.result()


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


class NumbaRasterizer:
    """Compiled on first use, kept on disk afterwards; float32 throughout."""

    name = "numba"

    def __call__(
        self, gaussians: Gaussians, features: Float[Tensor, "n d"], camera: Camera
    ) -> Rendering:
        """Splat per-Gaussian features into the camera's picture."""
        return self.batch([gaussians], [features], [camera])[0]

    def batch(
        self, scenes: Sequence[Gaussians], features: Sequence[Tensor], cameras: Sequence[Camera]
    ) -> list[Rendering]:
        """Splat several pictures of one size and feature count at once."""
        width, height = cameras[0].width, cameras[0].height
        assert all((camera.width, camera.height) == (width, height) for camera in cameras)
        parts = [_project(scene, camera) for scene, camera in zip(scenes, cameras, strict=True)]
        means, conics, depths, _, extents = map(_joined, zip(*parts, strict=True))
        opacities, carried = _joined([scene.opacities for scene in scenes]), _joined(features)
        counts = [len(scene.opacities) for scene in scenes]
        maps, depth_sums, alphas = _Composite.apply(
            means, conics, opacities, depths, carried, extents, counts, (width, height)
        )
        depth_maps = depth_sums / alphas.clamp_min(1e-10)
        return [Rendering(*one) for one in zip(maps, alphas, depth_maps, strict=True)]


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    joined = tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))
    return joined.float() if joined.is_floating_point() else joined


def _project(gaussians: Gaussians, camera: Camera) -> tuple[Tensor, ...]:
    intrinsics = camera.intrinsics.detach()
    lens = [*intrinsics.diagonal()[:2].tolist(), *intrinsics[:2, 2].tolist()]
    lens += [camera.width, camera.height, camera.orthographic]
    return _Project.apply(
        gaussians.means.float(), gaussians.quats.float(), gaussians.scales.float(),
        gaussians.opacities.detach().float(), camera.viewmat, lens,
    )  # fmt: skip
