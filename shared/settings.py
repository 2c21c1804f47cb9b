"""What an artist may ask for in one estimate; the only request options and their defaults."""

import re
from dataclasses import dataclass
from typing import Literal

Start = Literal["auto", "inflation", "shading", "flat"]
LightFrom = Literal["above", "left", "right", "below"]
PRIOR_NAME = re.compile(r"[a-z0-9-]{1,40}")
"""What a prior may be called; never a path."""


@dataclass(frozen=True)
class EstimateSettings:
    """Options of one estimate, shown in the panel, on the command line and on the wire."""

    fov_degrees: float = 0.0
    """Horizontal field of view in degrees; 0 means orthographic (a flat texture, a long lens)."""
    principal: tuple[float, float] = (0.5, 0.5)
    """Where the optical axis meets the picture, as fractions of width and height."""
    steps: int = 0
    """Closed-loop steps after the first turn; 0 is feed-forward. They fit the picture better, not
    the normals: see the ablation."""
    size: int = 256
    """Longest side, in pixels, of the grid of Gaussians the loop works on."""
    start: Start = "auto"
    """Where the geometry starts; auto is the trained encoder, the others are classical guesses."""
    light_from: LightFrom = "above"
    """From which side of the picture the light comes, as far as the artist knows: it tells bumps
    from dents, which one picture does not. Rooms and things out of doors are lit from above."""
    prior: str = ""
    """Name of a prior that is installed where it is computed (``backend.priors``), an external
    model of normals that gives the shape; empty for none."""
    seamless: bool = False
    """The picture tiles: its right edge goes on at its left and its bottom at its top, and so do
    the results."""
    height: bool = False
    """Also integrate the surface's height and find where it is occluded."""
    previews: bool = False
    """Also show the normal map so far, about every second, while the loop converges."""
    seed: int = 0
    """Seed of everything random, from 0 to 2⁶³ − 1; the same seed gives the same answer."""

    def problem(self) -> str | None:
        """Say in one sentence what cannot be computed, or None."""
        if not 0.0 <= self.fov_degrees <= 150.0:
            return f"The field of view is {self.fov_degrees:g}°; it must lie between 0° and 150°."
        if self.seamless and self.fov_degrees:
            return "A picture that tiles is flat: set its field of view to 0."
        if not all(-1.0 <= value <= 2.0 for value in self.principal):
            return "The principal point lies more than a picture's width outside the picture."
        if not 0 <= self.steps <= 10_000:
            return f"{self.steps} loop steps were asked for; 0 to 10000 are possible."
        if not 16 <= self.size <= 2048:
            return f"The working size is {self.size} pixels; it must lie between 16 and 2048."
        return self._seed_problem() or self._prior_problem()

    def _seed_problem(self) -> str | None:
        if not 0 <= self.seed < 2**63:
            return f"The seed is {self.seed}; it must lie between 0 and {2**63 - 1}."
        return None

    def _prior_problem(self) -> str | None:
        if self.prior and not PRIOR_NAME.fullmatch(self.prior):
            return "A prior is named by at most 40 lower-case letters, digits and dashes."
        return None
