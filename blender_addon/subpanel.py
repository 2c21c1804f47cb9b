# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sub-panels share."""

import bpy


class SubPanel:
    """A part of the tab, the same in every editor."""

    layout: bpy.types.UILayout

    def rows(self) -> bpy.types.UILayout:
        """Return the layout, with names on the left and values on the right."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        return self.layout
