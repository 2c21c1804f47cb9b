"""Fields over a picture that tiles: noise, blur, and numbers for each cell."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from training.scenes.random import Dice


def between(dice: Dice, low: float, high: float) -> float:
    """Draw one number."""
    return float(dice.uniform(1, low=low, high=high))


def ratio(dice: Dice, low: float, high: float) -> float:
    """Draw one number whose logarithm is even."""
    return math.exp(between(dice, math.log(low), math.log(high)))


def whole(dice: Dice, low: int, high: int, step: int = 1) -> int:
    """Draw a whole number of steps from low to high, both included; small ones are likelier."""
    return max(low, round(ratio(dice, float(low), float(high)) / step) * step)


def often(dice: Dice, share: float) -> bool:
    """Be true a share of the time."""
    return between(dice, 0.0, 1.0) < share


def axes(dice: Dice, size: int) -> tuple[Float[Tensor, "1 s"], Float[Tensor, "s 1"]]:
    """Return u along the columns and v along the rows, pixel centers in 0..1."""
    steps = (torch.arange(size, device=dice.device) + 0.5) / size
    return steps[None], steps[:, None]


def noise(
    dice: Dice,
    size: int,
    longest: float,
    shortest: float = 0.012,
    smooth: float = 1.0,
    run: float = 1.0,
) -> Float[Tensor, "s s"]:
    """Return periodic noise of mean 0 and spread 1.

    Wavelengths are shares of the picture's width, and ``smooth`` is how fast short ones fade.
    ``run`` stretches it so many times down the columns; below 1, along the rows.
    """
    across, down = _frequencies(dice, size)
    frequency = torch.hypot(across / min(run, 1.0), down * max(run, 1.0))
    # in two dimensions amplitudes of 1 / f have as much of every octave
    gain = frequency.clamp_min(0.5) ** -(smooth + 1) * torch.exp(-(frequency * shortest).square())
    gain = torch.where(frequency * min(longest, 1.0) >= 0.99, gain, 0.0)
    field = torch.fft.irfft2(torch.fft.rfft2(dice.normal(size, size)) * gain, s=(size, size))
    return (field - field.mean()) / field.std().clamp_min(1e-9)


def blurred(field: Float[Tensor, "s s"], radius: float) -> Float[Tensor, "s s"]:
    """Blur by a Gaussian whose spread is a share of the picture's width."""
    size = field.shape[-1]
    down = torch.fft.fftfreq(size, 1 / size, device=field.device)[:, None]
    across = torch.fft.rfftfreq(size, 1 / size, device=field.device)[None]
    gain = torch.exp(-2 * (math.pi * radius) ** 2 * (across**2 + down**2))
    return torch.fft.irfft2(torch.fft.rfft2(field) * gain, s=(size, size))


def each(
    dice: Dice, cells: Int[Tensor, "s s"], low: float = 0.0, high: float = 1.0
) -> Float[Tensor, "s s"]:
    """Draw a number for every cell, given the cell of each pixel."""
    return dice.uniform(int(cells.max()) + 1, low=low, high=high)[cells]


def moved(
    dice: Dice, field: Float[Tensor, "s s"], cells: Int[Tensor, "s s"]
) -> Float[Tensor, "s s"]:
    """Show another part of a field in every cell."""
    size, count = field.shape[-1], int(cells.max()) + 1
    down, right = (dice.integers(size, count)[cells] for _ in range(2))
    steps = torch.arange(size, device=field.device)
    return field[(steps[:, None] + down) % size, (steps + right) % size]


def _frequencies(dice: Dice, size: int) -> tuple[Tensor, Tensor]:
    down = torch.fft.fftfreq(size, 1 / size, device=dice.device)[:, None]
    return torch.fft.rfftfreq(size, 1 / size, device=dice.device)[None], down
