"""What the EXIF data of a photograph say about its lens."""

import math
from collections.abc import Mapping

FILM_DIAGONAL = math.hypot(36.0, 24.0)
"""Of the frame that equivalent focal lengths are given for, in mm."""
UNIT_MILLIMETRES = {2: 25.4, 3: 10.0, 4: 1.0}
"""By the values of EXIF's FocalPlaneResolutionUnit."""


def field_of_view(attributes: Mapping[str, object], width: int, height: int) -> float | None:
    """Return the horizontal field of view in degrees of an upright photograph, if it is known.

    ``attributes`` are named as OpenImageIO names them. The equivalent focal length goes by the
    picture's diagonal; without it focal length and resolution of the sensor are taken.
    """
    film = _positive(attributes, "Exif:FocalLengthIn35mmFilm")
    if film:
        return _degrees(width / math.hypot(width, height) * FILM_DIAGONAL, film)
    focal = _positive(attributes, "Exif:FocalLength")
    density = _positive(attributes, "Exif:FocalPlaneXResolution")
    if not focal or not density:
        return None
    unit = UNIT_MILLIMETRES.get(int(_positive(attributes, "Exif:FocalPlaneResolutionUnit")), 25.4)
    # both sides as they were taken: a picture may have been scaled since
    taken = [_positive(attributes, f"Exif:Pixel{axis}Dimension") for axis in "XY"]
    scale = max(taken) / max(width, height) if all(taken) else 1.0
    return _degrees(width * scale / density * unit, focal)


def _degrees(side: float, focal: float) -> float:
    return math.degrees(2 * math.atan(side / (2 * focal)))


def _positive(attributes: Mapping[str, object], name: str) -> float:
    value = attributes.get(name)
    known = isinstance(value, int | float) and math.isfinite(value) and value > 0
    return float(value) if known else 0.0  # type: ignore[arg-type]
