# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees: the tab "CLONE Normals", the same in every editor that has pictures."""

from typing import Any

import bpy

from .estimate_panel import EstimatePanel
from .sequence_panel import SequencePanel
from .setting_panels import AdvancedPanel, ResultsPanel, SettingsPanel, SourcePanel
from .space_panel import SpacePanel
from .texture_panels import ObjectPanel, TexturesPanel

SPACES = {"IMAGE": "IMAGE_EDITOR", "VIEW3D": "VIEW_3D", "NODE": "NODE_EDITOR"}
PARTS = {
    "": EstimatePanel,
    "_source": SourcePanel,
    "_settings": SettingsPanel,
    "_results": ResultsPanel,
    "_textures": TexturesPanel,
    "_space": SpacePanel,
    "_object": ObjectPanel,
    "_sequence": SequencePanel,
    "_advanced": AdvancedPanel,
}
"""In the order in which they stand: the panel, and the parts that fold away in it."""


def panel(editor: str, part: str) -> type[bpy.types.Panel]:
    """Return a part of the tab as a panel of one editor."""
    whole = f"{editor}_PT_clone_normals"
    place: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": PARTS[part].__doc__,
        "bl_space_type": SPACES[editor],
        "bl_region_type": "UI",
        "bl_category": "CLONE Normals",
    }
    if part:
        place["bl_parent_id"] = whole
    return type(whole + part, (PARTS[part], bpy.types.Panel), place)


CLASSES = tuple(panel(editor, part) for editor in SPACES for part in PARTS)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
