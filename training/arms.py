"""The arms of the bake-off: the same short training with one thing changed."""

from dataclasses import dataclass, replace

from training.train import TrainConfig


@dataclass(frozen=True)
class Arm:
    """One way to train."""

    name: str
    config: TrainConfig
    labels: bool = False
    """Trained with true normals: the upper bound, never shipped."""

    @property
    def file_name(self) -> str:
        """Name the arm's files."""
        return self.name.replace(" ", "-")


def arms(base: TrainConfig, amount: int) -> list[Arm]:
    """Return every arm; the first is what the others are compared with."""
    return [
        Arm("base: lite0, rendered scenes", base),
        Arm("with labels", base, labels=True),
        *_encoders(base),
        *_scenes(base),
        *_objectives(base),
        *(Arm(f"{size} px", _sourced(base, sizes=(size,))) for size in (96, 128)),
        *(Arm(f"{n} scenes", _sourced(base, scenes=n)) for n in (amount // 8, amount // 3)),
    ]


def _encoders(base: TrainConfig) -> list[Arm]:
    return [
        Arm("lite0 from scratch", replace(base, imagenet=False, trunk_rate=base.decoder_rate)),
        Arm("lite1", replace(base, trunk="lite1")),
        Arm("lite2", replace(base, trunk="lite2")),
        Arm("plain U-Net", replace(base, trunk="plain", trunk_rate=base.decoder_rate)),
    ]


def _scenes(base: TrainConfig) -> list[Arm]:
    return [
        Arm("procedural scenes alone", _sourced(base, packs=())),
        Arm("procedural 3:1", _sourced(base, procedural_share=0.75)),
        Arm("procedural 1:1", _sourced(base, procedural_share=0.5)),
        Arm("procedural 1:3", _sourced(base, procedural_share=0.25)),
    ]


def _objectives(base: TrainConfig) -> list[Arm]:
    joint = _taught(base, joint=0.5)
    return [
        Arm("residual squared", _taught(base, residual="square")),
        Arm("residual logarithmic", _taught(base, residual="log")),
        Arm("no albedo head", _taught(base, albedo=0.0)),
        Arm("no confidence head", _taught(base, confidence=0.0)),
        Arm("whole loop", joint),
        Arm("whole loop, no own picture", _taught(joint, own=0.0)),
        Arm("whole loop, no other views", _taught(joint, views=0.0)),
        Arm("whole loop, no orientation", _taught(joint, orientation=0.0)),
    ]


def _sourced(base: TrainConfig, **changes) -> TrainConfig:
    return replace(base, source=replace(base.source, **changes))


def _taught(base: TrainConfig, **changes) -> TrainConfig:
    return replace(base, objective=replace(base.objective, **changes))
