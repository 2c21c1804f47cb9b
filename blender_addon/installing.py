# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verbs of the first minute: install a backend, use one that is there, remove it."""

import atexit
import importlib.resources
import shutil
from collections.abc import Callable
from pathlib import Path

import bpy
from bpy.props import StringProperty

from . import (
    environments,
    install,
    install_jobs,
    package_index,
    preferences,
    prior_list,
    session,
)
from .farewell import leave
from .translations import translated
from .trouble import Trouble
from .trouble_view import trouble_text
from .waiting import redraw

PUMP_SECONDS = 0.2


def bundled_wheel() -> Path | None:
    """Return the backend's package, which came with this add-on, or None."""
    folder = importlib.resources.files(__package__) / "backend_wheel"
    return next(iter(sorted(Path(str(folder)).glob("*.whl"))), None)


def installation_job(context: bpy.types.Context) -> install_jobs.Job | Trouble:
    """Return what is to be done for a backend of our own, or why that cannot be."""
    source = chosen_source(context)
    if isinstance(source, Trouble):
        return source
    if source.online and not bpy.app.online_access:
        return offline()
    root, base, wheel = preferences.backend_root(), environments.base_python(), bundled_wheel()
    root.mkdir(parents=True, exist_ok=True)
    words = install_jobs.problem(base, wheel, root, source.megabytes)
    if words is not None or base is None or wheel is None:
        return Trouble(words or "", repair="preferences")
    return install_jobs.installation(root, base, wheel, source, shutil.which("uv"))


def chosen_source(context: bpy.types.Context) -> package_index.Sources | Trouble:
    """Return where packages are to come from, or say that no address is given."""
    chosen = preferences.own(context)
    source = package_index.sources(chosen.build, chosen.index)
    if not source.name:
        return Trouble("No package index is chosen.", "Write its address.", "preferences")
    return source


def offline() -> Trouble:
    """Say that Blender may not go online, and what can be done then."""
    advice = "Allow it in Blender's preferences, or use a Python that has the backend already."
    return Trouble("Blender is not allowed to go online.", advice, "online")


class Installing:
    """What both ways to a Python share: Blender stays free, except where it has no windows."""

    report: Callable[[set[str], str], None]
    poll_message_set: Callable[[str], None]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Allow one installation at a time, and none under a running estimate."""
        cls.poll_message_set("Something is running")
        return install.current.state is None and not session.current.busy

    def begin(self, context: bpy.types.Context, job: install_jobs.Job | Trouble) -> set[str]:
        """Start a job, or say why that cannot be."""
        session.current.trouble = None
        if isinstance(job, Trouble):
            return self.fail(context, job)
        running = install.current.begin(job)
        if not bpy.app.background:
            bpy.app.timers.register(pump, first_interval=PUMP_SECONDS, persistent=True)
            redraw(context)
            return {"FINISHED"}
        running.wait()
        settle(context)
        if session.current.trouble is not None:
            return self.fail(context, session.current.trouble)
        if job.prior:
            self.report({"INFO"}, translated(prior_list.WHERE))
        return {"FINISHED"}

    def fail(self, context: bpy.types.Context, trouble: Trouble) -> set[str]:
        """Show trouble in the box that can repair it; a script gets an error."""
        session.current.trouble = trouble
        self.report({"ERROR" if bpy.app.background else "WARNING"}, trouble_text(trouble))
        redraw(context)
        return {"CANCELLED"}


class CLONE_OT_install_backend(Installing, bpy.types.Operator):
    """Install the backend into an environment of its own."""

    bl_idname = "clone.install_backend"
    bl_label = "Install Backend"
    bl_description = "Install the backend into a folder of its own, apart from Blender's Python"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin; a timer takes in how it goes."""
        return self.begin(context, installation_job(context))


class CLONE_OT_use_python(Installing, bpy.types.Operator):
    """Use a Python in which the backend is installed already."""

    bl_idname = "clone.use_python"
    bl_label = "Use Existing Python"
    bl_description = "Choose the Python of an environment that has the backend, and test it"

    filepath: StringProperty(
        name="File",
        description="The Python program",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask which."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Test it; it is used once it has passed."""
        python = preferences.path_of(self.filepath)
        if python is None or not python.is_file():
            words = f"There is no Python at {self.filepath or 'an empty path'}."
            return self.fail(context, Trouble(words, "Choose another file.", "preferences"))
        folder = preferences.path_of(preferences.own(context).folder)
        return self.begin(context, install_jobs.check(python, folder, preferences.backend_root()))


class CLONE_OT_cancel_install(bpy.types.Operator):
    """Stop the installation."""

    bl_idname = "clone.cancel_install"
    bl_label = "Cancel"
    bl_description = (
        "Stop and delete what the installation began; what has arrived of a prior is kept, and "
        "nothing else changes"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only what runs can be cancelled."""
        cls.poll_message_set("Nothing is running that could be cancelled")
        return install.current.state is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Have it stop; the timer notices when it has."""
        install.current.cancel()
        return {"FINISHED"}


class CLONE_OT_remove_backend(bpy.types.Operator):
    """Remove the backend that the add-on installed."""

    bl_idname = "clone.remove_backend"
    bl_label = "Remove"
    bl_description = "Delete the backend that this add-on installed"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Leave it alone while it is at work."""
        cls.poll_message_set("Something is running")
        return install.current.state is None and not session.current.busy

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Stop using it and delete it."""
        root = preferences.backend_root()
        python = preferences.python_of(preferences.own(context))
        if python is not None and environments.owner(root, python):
            switch(context, None)
        environments.unmark(root)
        leave(lambda: environments.remove_all(root))
        redraw(context)
        return {"FINISHED"}


def pump() -> float | None:
    """Show how the installation goes; once it has ended, use what it made."""
    if not session.current.busy:  # an estimate in progress keeps its backend
        settle(bpy.context)
    redraw(bpy.context)
    return PUMP_SECONDS if install.current.state is not None else None


def settle(context: bpy.types.Context) -> None:
    """Once an installation has ended, use what it made, or show why it failed."""
    ended = install.current.take()
    if ended is None:
        return
    job, session.current.trouble = ended.job, ended.state.trouble
    if ended.state.ended != "done":
        return
    if job.prior:
        prior_list.forget()
        leave()  # the next estimate's backend has what runs it
        return
    switch(context, job.python)
    if job.environment is None:
        leave()
        return
    preferences.own(context).folder = ""
    root, keep = preferences.backend_root(), job.environment
    leave(lambda: environments.remove_all(root, keep))


def switch(context: bpy.types.Context, python: Path | None) -> None:
    """Use another Python from now on."""
    preferences.own(context).python = str(python) if python else ""
    context.preferences.is_dirty = True  # so that Blender saves it


CLASSES = (
    CLONE_OT_install_backend,
    CLONE_OT_use_python,
    CLONE_OT_cancel_install,
    CLONE_OT_remove_backend,
)

_add_classes, _remove_classes = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    """Add the operators."""
    _add_classes()
    atexit.register(install.current.close)


def unregister() -> None:
    """Stop what is being installed and remove the operators."""
    atexit.unregister(install.current.close)
    if bpy.app.timers.is_registered(pump):
        bpy.app.timers.unregister(pump)
    install.current.close()
    _remove_classes()
