"""Bas-reliefs: coins, medallions, carved panels, embossed patterns, pressed out of real shapes."""

import math
from random import Random

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from training.mesh_library import FIGURES, Library, Mesh
from training.scenes.random import Dice
from training.scenes.textures.paint import Texture, color, mixed, weathered
from training.scenes.textures.torus import axes, between, blurred, noise, often, ratio, whole

FINE = 1.5
"""Samples of a triangle to a pixel."""
EDGE = 6.0
"""Slope of a shape from which on it counts as its outline."""
HIDDEN = -1e3
FIGURE_SHARE = 0.7
"""Share of the pieces that show people and animals alone, where there are some."""
TILT = (10.0, 26.0)
"""Mean slope of what is pressed, in degrees: a tenth to a third of what it was."""


def pressed(dice: Dice, size: int, library: Library) -> Texture:
    """Press shapes flat, to a twentieth to a fifth of their depth, into a ground."""
    chance = Random(int(dice.integers(2**31, 1)))
    people = library.named(FIGURES)
    shapes = people if people.sources and often(dice, FIGURE_SHARE) else library
    layouts = (_medallion, _medallion, _panel, _panel, _pattern)
    raised, shape = layouts[int(dice.integers(len(layouts), 1))](dice, chance, size, shapes)
    sign = -1.0 if often(dice, 0.1) else 1.0
    smooth = blurred(sign * raised, 0.002)
    rough, albedo, gloss = _matter(dice, size)
    if often(dice, 0.15):
        albedo = mixed(albedo, color(dice, None), between(dice, 0.4, 1.0) * shape)
    made = Texture(smooth + ratio(dice, 0.0002, 0.001) * rough, albedo, gloss, 20.0)
    return weathered(dice, made, calm=between(dice, 0.1, 0.5))


def _matter(dice: Dice, size: int) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s 3"], float]:
    """Draw marble, sandstone, bronze, silver, wood or plaster: roughness, color, gloss."""
    kind = ("stone", "metal", "wood", "mortar", "roof", None)[int(dice.integers(6, 1))]
    run = between(dice, 0.03, 0.1) if kind == "wood" else 1.0
    rough = noise(dice, size, 0.1, smooth=between(dice, 0.2, 0.8), run=run)
    veins = torch.sigmoid(8 * (noise(dice, size, 0.5, smooth=0.6, run=run).abs() - 1.0))
    base = color(dice, kind)
    second = color(dice, kind) if often(dice, 0.5) else base * between(dice, 0.5, 0.9)
    albedo = mixed(base.expand(size, size, 3), second, max(0.0, between(dice, -1.0, 0.8)) * veins)
    gloss = between(dice, 0.1, 0.5) if kind == "metal" else between(dice, 0.0, 0.4) ** 2
    return rough, albedo * torch.exp(0.05 * rough)[..., None], gloss


def _medallion(
    dice: Dice, chance: Random, size: int, library: Library
) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]]:
    """Put one shape into a disc with a rim."""
    u, v = axes(dice, size)
    far = torch.hypot(u - 0.5, v - 0.5)
    radius = between(dice, 0.36, 0.47)
    wide = between(dice, 0.01, 0.04)
    rim = torch.exp(-(((far - radius) / wide) ** 4))
    disc = torch.sigmoid((radius - far) / 0.004)
    shape = _shape(dice, chance, size, library, (0.5, 0.5), radius * between(dice, 0.75, 0.95))
    rise = float(shape.max())
    raised = shape * disc + between(dice, 0.4, 1.0) * rise * rim
    raised = raised + between(dice, -0.5, 0.8) * rise * disc
    return raised, (shape > 0).float()


def _panel(
    dice: Dice, chance: Random, size: int, library: Library
) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]]:
    """Put one to four shapes side by side into a frame."""
    count = whole(dice, 1, 4)
    raised = torch.zeros(size, size, device=dice.device)
    for index in range(count):
        place = ((index + 0.5) / count, between(dice, 0.45, 0.55))
        reach = min(0.42, 0.6 / count) * between(dice, 0.8, 1.1)
        raised = torch.maximum(raised, _shape(dice, chance, size, library, place, reach))
    u, v = axes(dice, size)
    inset = torch.minimum(0.5 - (u - 0.5).abs(), 0.5 - (v - 0.5).abs())
    wide = between(dice, 0.02, 0.08)
    frame = 1 - ((inset - wide) / between(dice, 0.01, 0.04)).clamp(0, 1)
    shape = (raised > 0).float()
    frame = frame * float(raised.max()) * between(dice, 0.0, 1.2)
    return torch.maximum(raised, frame), shape


def _pattern(
    dice: Dice, chance: Random, size: int, library: Library
) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]]:
    """Repeat a few shapes in rows, as embossing does, or strew them about."""
    count = whole(dice, 2, 4)
    raised = torch.zeros(size, size, device=dice.device)
    small = size // count
    kinds = [
        _shape(dice, chance, small, library, (0.5, 0.5), between(dice, 0.38, 0.48), cut=False)
        for _ in range(whole(dice, 1, 4))
    ]
    for row in range(count):
        for column in range(count):
            stamp = kinds[int(dice.integers(len(kinds), 1))] / count
            place = torch.zeros_like(raised)
            place[:small, :small] = stamp
            shift = [int(between(dice, -0.1, 0.1) * small) for _ in "uv"]
            moved = place.roll((row * small + shift[0], column * small + shift[1]), (0, 1))
            raised = torch.maximum(raised, moved)
    return raised, (raised > 0).float()


def _shape(
    dice: Dice,
    chance: Random,
    size: int,
    library: Library,
    place: tuple[float, float],
    reach: float,
    cut: bool = True,
) -> Float[Tensor, "s s"]:
    """Return a shape's pressed depth over a ground at 0, ``reach`` wide from its middle.

    One that may be ``cut`` is mostly seen from its head down to somewhere.
    """
    mesh = library.draw(chance)
    pose = (
        2 * math.pi * chance.random(),
        chance.gauss(0, 0.25) if chance.random() < 0.8 else 2 * math.pi * chance.random(),
        chance.uniform(0.2, 0.7) if cut and chance.random() < 0.6 else 1.0,
    )
    depth = _depth(mesh, pose, size, place, reach)
    seen = depth > HIDDEN / 2
    if not seen.any():
        return torch.zeros(size, size, device=dice.device)
    low = np.quantile(depth[seen], 0.02)
    height = np.where(seen, np.maximum(depth - low, 0), 0).astype(np.float32)
    field = torch.from_numpy(height).to(dice.device)
    relief = field
    if often(dice, 0.6):
        relief = _engraved(field, ratio(dice, 0.2, 1.5), ratio(dice, 0.3, 3.0))
    wanted = math.tan(math.radians(ratio(dice, *TILT)))
    inside = blurred((field > 0).float(), 0.004) > 0.98
    right, down = ((relief.roll(-1, axis) - relief) * size for axis in (1, 0))
    slope = torch.hypot(right, down)[inside]
    factor = wanted / max(float(slope.mean()) if len(slope) else wanted, 0.02)
    return (relief * factor + (field > 0) * between(dice, 0.0, 0.02) * reach).clamp_min(0)


def _engraved(field: Float[Tensor, "s s"], rim: float, even: float) -> Float[Tensor, "s s"]:
    """Press steep slopes more than gentle ones, as medallists do, and add them up again.

    ``rim`` is how much of an outline's fall is left, ``even`` how much gentle slopes gain.
    """
    size = field.shape[-1]
    right, down = ((field.roll(-1, axis) - field) * size for axis in (1, 0))
    steep = torch.hypot(right, down).clamp_min(1e-6)
    gain = torch.log1p(even * steep) / (even * steep)
    gain = torch.where(steep > EDGE, rim * EDGE / steep * gain, gain)
    fu = torch.fft.rfftfreq(size, 1 / size, device=field.device)[None]
    fv = torch.fft.fftfreq(size, 1 / size, device=field.device)[:, None]
    u, v = (torch.exp(2j * math.pi * f / size) - 1 for f in (fu, fv))
    energy = (u.abs() ** 2 + v.abs() ** 2).clamp_min(1e-9)
    spectrum = u.conj() * torch.fft.rfft2(right * gain) + v.conj() * torch.fft.rfft2(down * gain)
    height = torch.fft.irfft2(spectrum / energy, s=(size, size)) / size
    ground = height[field <= 0]
    return height - (ground.median() if len(ground) else height.min())


def _depth(
    mesh: Mesh,
    pose: tuple[float, float, float],
    size: int,
    place: tuple[float, float],
    reach: float,
) -> np.ndarray:
    """Return how near the viewer a mesh is at every pixel, in widths of the picture.

    The pose is its turn about the height, its nod, and the share of its height, from the top, that
    should fill the place.
    """
    turn, nod, part = pose
    cos, sin = math.cos(turn), math.sin(turn)
    x, y, z = mesh.vertices.T.astype(np.float64)
    x, y = cos * x - sin * y, sin * x + cos * y
    # seen along +y, upright; nodding turns it about the axis across
    cos, sin = math.cos(nod), math.sin(nod)
    y, z = cos * y - sin * z, sin * y + cos * z
    top = z >= z.max() - part * np.ptp(z)
    left, right, low, high = x[top].min(), x[top].max(), z[top].min(), z.max()
    scale = 2 * reach / max(right - left, high - low, 1e-6)
    across = (x - (left + right) / 2) * scale + place[0]
    down = ((low + high) / 2 - z) * scale + place[1]
    points = np.stack([across * size, down * size, -y * scale], axis=-1)
    return drawn(points[mesh.faces], size)


def drawn(triangles: np.ndarray, size: int) -> np.ndarray:
    """Sample triangles (M, 3, 3: column, row, depth) densely; the nearest sample counts."""
    depth = np.full(size * size, HIDDEN)
    low, high = triangles[..., :2].min(1), triangles[..., :2].max(1)
    triangles = triangles[((high > 0) & (low < size)).all(1)]
    longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=-1).max(1)
    steps = 2 ** np.ceil(np.log2(np.clip(longest * FINE, 1, 1024))).astype(int)
    for count in np.unique(steps):
        group = triangles[steps == count]
        a, b = np.meshgrid(np.arange(count + 1), np.arange(count + 1))
        inside = a + b <= count
        weights = np.stack([a[inside], b[inside], count - (a + b)[inside]], axis=-1) / count
        for part in np.array_split(group, max(1, len(group) * len(weights) // 2_000_000)):
            points = np.einsum("sk,mkd->msd", weights, part).reshape(-1, 3)
            column, row = (np.floor(points[:, axis]).astype(int) for axis in (0, 1))
            kept = (column >= 0) & (column < size) & (row >= 0) & (row < size)
            np.maximum.at(depth, row[kept] * size + column[kept], points[kept, 2])
    return depth.reshape(size, size)
