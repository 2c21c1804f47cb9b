# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress in the log, for whoever runs Blender from a script."""

import logging

log = logging.getLogger(__name__)


class Milestones:
    """Say every stage and every tenth of the way once."""

    def __init__(self) -> None:
        self._latest = ("", 0)

    def pass_by(self, stage: str, fraction: float, seconds_left: float) -> None:
        """Say where the work is if that is news."""
        milestone = (stage, int(fraction * 10))
        if milestone != self._latest:
            self._latest = milestone
            left = f", {seconds_left:.0f} s left" if seconds_left >= 0 else ""
            log.info("%s, %.0f %%%s", stage, fraction * 100, left)
