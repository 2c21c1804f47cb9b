# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verbs about priors, external models that give estimates their shape: fetch and remove."""

import shutil

import bpy
from bpy.props import EnumProperty, StringProperty

from . import environments, install_jobs, preferences, prior_list
from .installing import Installing, chosen_source, offline
from .shared import installed_priors
from .shared.prior_catalogue import CATALOGUE
from .translations import translated
from .trouble import Trouble
from .waiting import redraw

DIALOG_WIDTH = 560
ITEMS = (
    ("moge2-s", "moge2-s", "The small model, for computers without a GPU"),
    ("moge2-b", "moge2-b", "The large model, three times the size"),
)


class CLONE_OT_fetch_prior(Installing, bpy.types.Operator):
    """Fetch a prior for the backend that is used."""

    bl_idname = "clone.fetch_prior"
    bl_label = "Fetch a Prior"
    bl_description = (
        "Download an external model of normals, after showing its licence. It gives estimates "
        "of rooms and large forms their shape, and is optional"
    )

    name: EnumProperty(items=ITEMS, name="Prior", description="Which model to fetch")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Show the licence first."""
        return context.window_manager.invoke_props_dialog(
            self, width=DIALOG_WIDTH, confirm_text=translated("Accept and Download")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Show which model, from where, under which licence."""
        layout, chosen = self.layout, CATALOGUE[self.name]
        layout.prop(self, "name", expand=True)
        layout.label(text=translated(f"{chosen.bytes / 1e6:.0f} MB from {chosen.home}"))
        layout.label(text="These notices were written from memory; the original lies there")
        layout.operator("wm.url_open", text="The Original Licence", icon="URL").url = chosen.home
        column = layout.column(align=True)
        column.scale_y = 0.7
        for line in "\n".join(chosen.notices).splitlines():
            column.label(text=line, translate=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin; a timer takes in how it goes."""
        return self.begin(context, fetching_job(context, self.name))


def fetching_job(context: bpy.types.Context, name: str) -> install_jobs.Job | Trouble:
    """Return what is to be done for a prior, or why that cannot be."""
    chosen, root = preferences.own(context), preferences.backend_root()
    python = preferences.python_of(chosen)
    if chosen.key:
        advice = f"Ask whoever keeps it: python -m backend.priors fetch {name}"
        return Trouble("Priors lie on the server that computes.", advice, "preferences")
    if python is None or not python.is_file():
        return Trouble("There is no backend to fetch a prior for.", "Install it.", "preferences")
    if not bpy.app.online_access:
        return offline()
    # somebody else's Python is not ours to install into
    ours = environments.owner(root, python) is not None
    source = chosen_source(context) if ours else None
    if isinstance(source, Trouble):
        return source
    root.mkdir(parents=True, exist_ok=True)
    folder = preferences.path_of(chosen.folder)
    return install_jobs.prior(name, python, folder, root, source, shutil.which("uv"))


class CLONE_OT_remove_prior(Installing, bpy.types.Operator):
    """Remove a prior from this machine."""

    bl_idname = "clone.remove_prior"
    bl_label = "Remove"
    bl_description = "Delete this prior from this machine"

    name: StringProperty(
        name="Prior",
        description="The name of the prior to delete",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(
            self,
            event,
            title=translated(f"Remove the prior {self.name}?"),
            message=translated("Its file is deleted unless it has another name too"),
            confirm_text=translated("Remove"),
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it; scenes that name it keep the name, and say that it is not here."""
        found = installed_priors.find(self.name)
        prior_list.forget()
        if found is None:
            return self.fail(context, Trouble(f"There is no prior {self.name} on this machine."))
        try:
            installed_priors.remove(found)
        except OSError as error:
            words = f"The prior could not be removed: {error.strerror or error}."
            return self.fail(context, Trouble(words, "Stop the backend and try again."))
        redraw(context)
        return {"FINISHED"}


CLASSES = (CLONE_OT_fetch_prior, CLONE_OT_remove_prior)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
