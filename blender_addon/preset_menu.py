# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own menu of presets, in which an artist keeps whole sets of settings."""

from typing import ClassVar

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

FOLDER = "clone_normals"
KEPT_BY_THE_FILE = {"POINTER", "COLLECTION"}
"""Types of properties that point into one file, and mean nothing in another."""


class CLONE_PT_presets(PresetPanel, bpy.types.Panel):
    """The menu, in the header of the settings."""

    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "clone.add_preset"


class CLONE_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Keep the settings as a preset."""

    bl_idname = "clone.add_preset"
    bl_label = "Add Settings Preset"
    bl_description = "Keep the settings under a name, or remove the preset that is chosen"
    preset_menu = "CLONE_PT_presets"
    preset_subdir = FOLDER
    preset_defines: ClassVar = [
        "settings = bpy.context.scene.clone_normals",
        "textures = bpy.context.scene.clone_textures",
    ]

    @property
    def preset_values(self) -> list[str]:
        """Return what a preset holds: every setting that makes sense in any file."""
        scene = bpy.context.scene
        groups = {"settings": scene.clone_normals, "textures": scene.clone_textures}
        return [
            f"{group}.{found.identifier}"
            for group, chosen in groups.items()
            for found in chosen.bl_rna.properties
            if not found.is_readonly
            and found.type not in KEPT_BY_THE_FILE
            and found.identifier not in {"name", "preset", "refine"}
        ]


def draw_menu(layout: bpy.types.UILayout) -> None:
    """Draw the menu's button into a panel's header."""
    CLONE_PT_presets.draw_panel_header(layout)


CLASSES = (CLONE_PT_presets, CLONE_OT_add_preset)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
