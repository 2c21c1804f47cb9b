# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preferences show: how to get a backend, what is used now, every path folded away."""

import functools
from pathlib import Path

import bpy

from . import environments, install, package_index, prior_list
from .shared import connection
from .status_view import draw_backend, draw_installation
from .translations import translated
from .trouble_view import draw_online, draw_trouble


def draw(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    chosen: bpy.types.AddonPreferences,
    python: Path | None,
    root: Path,
) -> None:
    """Show all of it; ``python`` is the backend's, ``root`` where installed ones are."""
    if install.current.state is not None:
        draw_installation(layout)
    elif not chosen.key and (python is None or not python.is_file()):
        draw_install(layout, chosen, root)
    draw_choices(layout)
    draw_trouble(layout, context)
    draw_state(layout, chosen, python, root)
    if not chosen.key:
        prior_list.draw(layout, fetching=python is not None and python.is_file())
    draw_advanced(layout, chosen)


def draw_install(
    layout: bpy.types.UILayout, chosen: bpy.types.AddonPreferences, root: Path
) -> None:
    """Show the one big button, with size, place and source beside it."""
    split = layout.split(factor=0.35)
    button = split.column()
    button.scale_y = 3.0
    button.operator("clone.install_backend", icon="IMPORT")
    source = package_index.sources(chosen.build, chosen.index)
    facts = split.column(align=True)
    facts.label(text=translated(f"Size: {source.megabytes / 1e3:.1f} GB on the disk"))
    facts.label(text=translated(f"Place: {root}"))
    facts.label(text=translated(f"Source: {source.name or translated('Not chosen')}"))
    draw_source(layout, chosen, source)


def draw_source(
    layout: bpy.types.UILayout,
    chosen: bpy.types.AddonPreferences,
    source: package_index.Sources,
) -> None:
    """Show where packages come from, and whether Blender may fetch them."""
    column = layout.column()
    column.use_property_split = True
    column.prop(chosen, "build")
    if chosen.build == "CUSTOM":
        column.prop(chosen, "index", placeholder="https://… or a folder of wheels")
    if source.online and not bpy.app.online_access:
        row = layout.row()
        row.label(text="Blender is not allowed to go online", icon="INTERNET_OFFLINE")
        draw_online(row)


def draw_choices(layout: bpy.types.UILayout) -> None:
    """Show the ways to a backend that is there already."""
    row = layout.row()
    row.operator("clone.use_python", text="Use Existing Python…", icon="FILE_SCRIPT")
    row.operator("clone.connect_server", text="Connect to Server…", icon="NETWORK_DRIVE")


def draw_state(
    layout: bpy.types.UILayout,
    chosen: bpy.types.AddonPreferences,
    python: Path | None,
    root: Path,
) -> None:
    """Show what is used now and the buttons that change it."""
    box = layout.box()
    if chosen.key:
        draw_server(box, Path(bpy.path.abspath(chosen.key)))
    elif python is not None:
        draw_python(box, chosen, python, root)
    else:
        box.label(text="No backend is set up yet", icon="INFO")
        return
    draw_backend(box)


def draw_server(box: bpy.types.UILayout, key: Path) -> None:
    """Show which machine computes."""
    found = connection.read(key)
    name = found.endpoint.removeprefix("tcp://") if found else translated(f"No key at {key}")
    row = box.row()
    row.label(text=translated(f"Server: {name}"), icon="NETWORK_DRIVE")
    row.operator("clone.leave_server")


def draw_python(
    box: bpy.types.UILayout, chosen: bpy.types.AddonPreferences, python: Path, root: Path
) -> None:
    """Show which Python runs the backend, and what is known of it."""
    if not python.is_file():
        box.label(text=translated(f"There is no Python at {python} any more"), icon="ERROR")
        return
    column = box.column(align=True)
    column.label(text=translated(f"Python: {python}"), icon="CHECKMARK")
    version, said = facts_of(python)
    if version:
        column.label(text=translated(f"Backend: {version}"), icon="BLANK1")
    if said:
        column.label(text=said, icon="BLANK1")
    ours = environments.owner(root, python) is not None
    if install.current.state is None:
        draw_source(box, chosen, package_index.sources(chosen.build, chosen.index))
    row = box.row()
    row.operator("clone.install_backend", text="Reinstall" if ours else "Install Backend")
    if ours:
        row.operator("clone.remove_backend")


@functools.lru_cache(maxsize=8)
def facts_of(python: Path) -> tuple[str, str]:
    """Return the backend's version and what its self-test said, read once for each Python."""
    return environments.backend_version(python), environments.note_of(python)


def draw_advanced(layout: bpy.types.UILayout, chosen: bpy.types.AddonPreferences) -> None:
    """Show every path, when unfolded."""
    icon = "TRIA_DOWN" if chosen.show_advanced else "TRIA_RIGHT"
    layout.prop(chosen, "show_advanced", icon=icon, emboss=False)
    if not chosen.show_advanced:
        return
    column = layout.column()
    column.use_property_split = True
    column.prop(chosen, "key", placeholder="None: compute on this machine")
    column.prop(chosen, "farm", placeholder="http://farm:8080")
    local = column.column()
    local.active = not chosen.key
    local.prop(chosen, "python")
    local.prop(chosen, "folder")
    local.prop(chosen, "run_dir", placeholder=str(connection.default_run_dir()))
    local.prop(chosen, "start_automatically")
