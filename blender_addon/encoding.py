# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo what turned light into the values of a picture, as it was measured on greys."""

from dataclasses import dataclass

import numpy as np

BAND = 256
"""Rows that are converted in one go; other threads get their turn in between."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """Which values greys of rising light were given."""

    light: np.ndarray
    """(N,) linear, ascending."""
    values: np.ndarray
    """(N, 3) between 0 and 1, one row for each light."""

    def undo(self, picture: np.ndarray) -> np.ndarray:
        """Return an (H, W, 3 or 4) picture as float32 linear light; alpha stays.

        8-bit values are those of the file. Float values are what Blender makes of a file with more
        bits: it takes them for sRGB, which is undone first.
        """
        if picture.dtype == np.uint8:
            return self._undo_bytes(picture)
        light = np.array(picture, np.float32)
        for top in range(0, len(light), BAND):
            band = light[top : top + BAND]
            for channel in range(3):
                band[..., channel] = self._inverse(srgb(band[..., channel]), channel)
        return light

    def _undo_bytes(self, picture: np.ndarray) -> np.ndarray:
        codes = np.arange(256) / 255.0
        light = np.empty(picture.shape, np.float32)
        for channel in range(picture.shape[2]):
            table = self._inverse(codes, channel) if channel < 3 else codes
            light[..., channel] = table.astype(np.float32)[picture[..., channel]]
        return light

    def _inverse(self, values: np.ndarray, channel: int) -> np.ndarray:
        rising = np.maximum.accumulate(self.values[:, channel])
        # Where many lights share a value (black, white) the least of them stands for it.
        unique, first = np.unique(rising, return_index=True)
        return np.interp(values, unique, self.light[first])


def srgb(light: np.ndarray) -> np.ndarray:
    """Encode linear values as sRGB; what lies outside 0 to 1 is cut off."""
    return for_display(np.clip(np.nan_to_num(light), 0.0, 1.0))


def for_display(light: np.ndarray) -> np.ndarray:
    """Encode linear values as sRGB, also those outside 0 to 1."""
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright)
