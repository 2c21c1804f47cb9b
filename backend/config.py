"""Every setting of the engine and its default; request options live in ``shared.settings``."""

from dataclasses import dataclass, field
from typing import Literal

Trunk = Literal["lite0", "lite1", "lite2", "plain"]
"""What the encoder is built on; only the first ships."""


@dataclass(frozen=True)
class LightConfig:
    """The closed-form light solve."""

    samples: int = 4096
    """Pixels the solve looks at, drawn by lot."""
    directions: int = 96
    """Sun directions of the first, coarse search."""
    refinements: tuple[float, ...] = (0.25, 0.08, 0.03)
    """Radii in radians of the searches around the best direction."""
    ridge: float = 0.02
    """Pull toward a soft frontal light, relative to the mean squared basis."""
    robust_rounds: int = 3
    """Rounds of reweighting against cast shadows and highlights."""
    outlier: float = 0.1
    """Residual, relative to mean intensity, from which a pixel loses influence."""
    largest_condition: float = 200.0
    """Above this condition number the light counts as undetermined."""


@dataclass(frozen=True)
class KernelConfig:
    """The light modulation kernel of METHOD: low frequencies and small amplitudes only."""

    terms: int = 8
    largest_sum: float = 0.5
    smallest_width: float = 1 / 8
    highest_frequency: float = 2.0


@dataclass(frozen=True)
class LossConfig:
    """Weights of the closed loop's objective."""

    reprojection: float = 1.0
    structure: float = 0.2
    """1 − SSIM of the re-rendered picture."""
    orientation: float = 5.0
    """Gaussian normals against the normals of their neighbours' means."""
    trust: float = 2.0
    """Squared distance of the low frequencies of the normals from the start."""
    trust_undetermined: float = 20.0
    """The same while the light is undetermined: shading then says nothing about slopes."""
    albedo_sparsity: float = 0.05
    albedo_start: float = 0.1
    """Pull of the albedo toward its start."""
    kernel_energy: float = 0.05
    flatness: float = 0.01


@dataclass(frozen=True)
class LoopConfig:
    """The test-time closed loop."""

    geometry_rate: float = 0.02
    appearance_rate: float = 0.02
    kernel_rate: float = 0.01
    relight_every: int = 10
    """Steps between two closed-form light solves."""
    patience: int = 15
    """Steps without gain after which the loop stops early."""
    least_gain: float = 1e-3
    """Relative drop of the smoothed loss that counts as a gain."""
    coarse_share: float = 0.4
    """Share of the steps spent at half resolution first."""
    albedo_share: float = 0.5
    """How much of what the first light leaves unexplained starts out as albedo (as an exponent)."""


@dataclass(frozen=True)
class ConfidenceConfig:
    """Expected error from what the model knows; fitted by ``training.calibrate``."""

    weights: tuple[float, ...] = (5.341, 0.888, 0.319, -0.757)
    """Of the clues in ``backend.confidence``: 1, doubt, bend, turn."""
    scale_degrees: float = 20.0
    """A confidence c stands for an expected error of −scale · ln c."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the learned parts."""

    trunk: Trunk = "lite0"
    decoder_widths: tuple[int, ...] = (96, 64, 48, 32)
    """Channels of the encoder's decoder, coarse to fine."""
    context_depths: tuple[int, ...] = (0, 0, 0, 0)
    """Blocks that look around before each step of the decoder; the coarse ones cost little time.
    Of weights that are loaded it is their own that count."""
    features: int = 16
    refinement_widths: tuple[int, ...] = (24, 32, 48)


@dataclass(frozen=True)
class EngineConfig:
    """All settings of one estimate that are not the artist's."""

    light: LightConfig = field(default_factory=LightConfig)
    kernel: KernelConfig = field(default_factory=KernelConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    confidence: ConfidenceConfig = field(default_factory=ConfidenceConfig)
    networks: NetworkConfig = field(default_factory=NetworkConfig)
