"""An evaluation as tables and as a sheet of pictures."""

from pathlib import Path

from PIL import Image

from backend.image import linear_to_srgb
from backend.outputs import encode_normals
from backend.sheet import Panel, contact_sheet
from shared.settings import EstimateSettings
from training.cases import Case, load_picture, load_truth
from training.lighting import LightingScores
from training.metrics import THRESHOLDS, angular_error, mean_scores
from training.scoring import METHODS, CaseScores, all_normals, model_of


def normals_table(scores: list[CaseScores]) -> str:
    """Write one line per group and method; degrees, then shares below thresholds in percent."""
    below = "".join(f"{'<' + format(t, 'g') + '°':>8}" for t in THRESHOLDS)
    lines = [f"{'group':<14}{'method':<13}{'mean':>7}{'median':>8}{'rmse':>7}{below}{'AUSE':>7}"]
    for group in dict.fromkeys(score.group for score in scores):
        members = [score for score in scores if score.group == group]
        for method in [name for name in METHODS if name in members[0].methods]:
            mean = mean_scores([member.methods[method] for member in members])
            shares = "".join(f"{100 * share:8.1f}" for share in mean.below)
            line = f"{group:<14}{method:<13}{mean.mean:7.2f}{mean.median:8.2f}{mean.rmse:7.2f}"
            ause = sum(member.ause for member in members) / len(members)
            lines.append(line + shares + (f"{ause:7.2f}" if method == METHODS[-1] else ""))
        seconds = sum(member.seconds for member in members) / len(members)
        lines.append(f"{group:<14}{len(members)} cases, {seconds:.1f} s each on one thread\n")
    return "\n".join(lines)


def lighting_table(scores: list[LightingScores]) -> str:
    """Write one line per object photographed under many lights."""
    lines = [
        f"{'object':<26}{'consistency':>12}{'error':>8}"
        + "".join(f"{'relit, ' + name + ' (dB)':>26}" for name in scores[0].relighting)
    ]
    for score in scores:
        relit = "".join(f"{value:26.2f}" for value in score.relighting.values())
        name = f"{score.group}/{score.case}"
        lines.append(f"{name:<26}{score.consistency:12.2f}{score.mean_error:8.2f}{relit}")
    return "\n".join(lines)


def case_panels(case: Case, settings: EstimateSettings, checkpoint: Path | None) -> list[Panel]:
    """Show a case's picture, every method's normals with their mean error, and the truth."""
    picture, truth = load_picture(case, case.main), load_truth(case)
    normals, _ = all_normals(case, picture, settings, model_of(checkpoint))
    panels = [Panel(case.name, linear_to_srgb(picture.rgb.clamp(0, 1)).numpy())]
    for name, found in normals.items():
        mean = angular_error(found, truth.normals)[truth.mask].mean()
        shown = encode_normals(found) * picture.mask.numpy()[..., None]
        panels.append(Panel(f"{name} {mean:.1f}°", shown))
    return [*panels, Panel("truth", encode_normals(truth.normals))]


def evaluation_sheet(rows: list[list[Panel]]) -> Image.Image:
    """Lay the cases out, a row each."""
    return contact_sheet([panel for row in rows for panel in row], columns=len(rows[0]))
