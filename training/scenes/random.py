"""Random numbers of a scene: one seed, one device, the same worlds everywhere."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Dice:
    """Draws from one generator on the CPU, so that every device gets the same scenes."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        self._generator = torch.Generator().manual_seed(seed)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Float[Tensor, "..."]:
        """Draw evenly from low to high."""
        values = torch.rand(shape, generator=self._generator)
        return (low + (high - low) * values).to(self.device)

    def normal(self, *shape: int) -> Float[Tensor, "..."]:
        """Draw from the normal distribution."""
        return torch.randn(shape, generator=self._generator).to(self.device)

    def integers(self, high: int, *shape: int) -> Int[Tensor, "..."]:
        """Draw whole numbers below ``high``."""
        return torch.randint(high, shape, generator=self._generator).to(self.device)

    def chance(self, share: float, *shape: int) -> Bool[Tensor, "..."]:
        """Be true a share of the time."""
        return self.uniform(*shape) < share

    def direction(self, *shape: int) -> Float[Tensor, "... 3"]:
        """Draw directions evenly over the sphere."""
        return torch.nn.functional.normalize(self.normal(*shape, 3), dim=-1)
