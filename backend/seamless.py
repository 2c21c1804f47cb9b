"""Textures that tile: seen with their own surroundings, and answered so that they still tile.

The picture is continued around its edges before it is looked at. Of every pixel near an edge there
are then two answers, which fade into each other over the margin.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from backend.image import Picture
from shared.settings import EstimateSettings

MARGIN = 0.125
"""How far the picture is continued on every side, as a share of its shorter side."""


def continued(picture: Picture) -> Picture:
    """Continue a picture around its edges by ``margin_of`` pixels."""
    rows, columns = around(*picture.mask.shape)
    hints = None if picture.hints is None else picture.hints[rows][:, columns]
    rgb, mask = picture.rgb[rows][:, columns], picture.mask[rows][:, columns]
    return replace(picture, rgb=rgb, mask=mask, hints=hints)


def continued_settings(settings: EstimateSettings, height: int, width: int) -> EstimateSettings:
    """Return the settings for the continued picture; its optical axis stays where it is."""
    margin = margin_of(height, width)
    across, down = (
        (share * side + margin) / (side + 2 * margin)
        for share, side in zip(settings.principal, (width, height), strict=True)
    )
    return replace(settings, seamless=False, principal=(across, down))


def around(height: int, width: int) -> tuple[Int[Tensor, " hh"], Int[Tensor, " ww"]]:
    """Return the rows and the columns that a continued picture is made of."""
    margin = margin_of(height, width)
    rows, columns = (torch.arange(-margin, side + margin) % side for side in (height, width))
    return rows, columns


def margin_of(height: int, width: int) -> int:
    """Return how many pixels a picture is continued by."""
    return max(1, round(MARGIN * min(height, width)))


def folded(maps: Mapping[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
    """Bring maps of a continued picture back to the picture, blended across its edges."""
    margin = margin_of(height, width)
    return {name: _folded(values, margin, height, width) for name, values in maps.items()}


def _folded(
    values: Float[Tensor, "hh ww *c"], margin: int, height: int, width: int
) -> Float[Tensor, "h w *c"]:
    rows = _fold_axis(values, margin, height)
    return _fold_axis(rows.transpose(0, 1), margin, width).transpose(0, 1).contiguous()


def _fold_axis(values: Float[Tensor, "n ..."], margin: int, length: int) -> Float[Tensor, "m ..."]:
    """Fold both ends over onto where they were taken from, with weights that sum to 1."""
    ramp = (torch.arange(2 * margin) + 0.5) / (2 * margin)
    weights = torch.ones(length + 2 * margin)
    weights[: 2 * margin], weights[-2 * margin :] = ramp, ramp.flip(0)
    place = (torch.arange(length + 2 * margin) - margin) % length
    weighted = values * weights.reshape(-1, *[1] * (values.ndim - 1))
    return values.new_zeros(length, *values.shape[1:]).index_add(0, place, weighted)
