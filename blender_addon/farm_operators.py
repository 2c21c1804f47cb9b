# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Have a render farm estimate an image sequence: send the job, take it in whether it has it."""

import glob
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty

from . import images, preferences, request, session, sources, view_transform
from .frames import Frames
from .operators import source_of
from .shared import flamenco
from .shared.settings import EstimateSettings
from .translations import translated
from .trouble import Trouble
from .trouble_view import trouble_text
from .waiting import UNUSABLE, redraw

PUMP_SECONDS = 0.1


class Offline(Exception):
    """The farm lies outside the local network, and Blender may not go there."""


@dataclass
class Submission:
    """A job on its way to the farm."""

    name: str
    answer: Future[str]
    """The job's id, or why the farm does not have it."""


_current: Submission | None = None
_told = ""
"""What the panel says of the last job."""


def sending() -> bool:
    """Return whether a job is on its way."""
    return _current is not None


def told() -> str:
    """Return what there is to say of the last job, in the artist's language."""
    return _told


class IMAGE_OT_clone_submit_to_farm(bpy.types.Operator):
    """Have a render farm estimate every frame of an image sequence."""

    bl_idname = "image.clone_submit_to_farm"
    bl_label = "Submit to Farm"
    bl_description = (
        "Have a Flamenco farm estimate every frame, with this size, field of view and number of "
        "turns; the frames must lie where the farm sees them"
    )

    image_name: StringProperty(
        name="Image",
        description="Name of the image sequence; empty for the one that is shown",
        options={"SKIP_SAVE"},
    )
    shards: IntProperty(
        name="Tasks",
        description="Number of tasks that the frames are shared out to",
        min=1,
        max=1000,
        default=flamenco.JobSettings.shards,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Send one job at a time, and nothing while an estimate may need the box for trouble."""
        busy = session.current.busy
        cls.poll_message_set(
            "An estimate is running" if busy else "A job is on its way to the farm"
        )
        return not busy and not sending()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Send the job off; a timer takes in the answer. A script waits for it."""
        global _current, _told  # noqa: PLW0603  one at a time, as there is one box for trouble
        session.current.trouble, _told = None, ""
        manager = preferences.own(context).farm.strip()
        try:
            if not manager:
                raise flamenco.NotSubmitted("No farm is chosen. Write its Manager's address.")
            image = source_of(context, self.image_name).image
            job = job_of(image, context.scene, self.shards)
            otherwise = done_otherwise(image, context.scene)
        except (*UNUSABLE, flamenco.NotSubmitted) as error:
            trouble = Trouble(str(error), repair="" if manager else "preferences")
            return self._fail(context, trouble)
        answer = _on_a_thread(manager, job, bpy.app.online_access)
        _current = Submission(image.name, answer)
        if otherwise:
            self.report({"WARNING"}, translated(otherwise))
        if not bpy.app.background:
            bpy.app.timers.register(_pump, first_interval=PUMP_SECONDS, persistent=True)
            redraw(context)
            return {"FINISHED"}
        answer.exception()  # waits
        settle(context)
        if session.current.trouble is not None:
            return self._fail(context, session.current.trouble)
        self.report({"INFO"}, _told)
        return {"FINISHED"}

    def _fail(self, context: bpy.types.Context, trouble: Trouble) -> set[str]:
        """Show trouble in the box that can repair it; a script gets an error."""
        session.current.trouble = trouble
        self.report({"ERROR" if bpy.app.background else "WARNING"}, trouble_text(trouble))
        redraw(context)
        return {"CANCELLED"}


class IMAGE_OT_clone_cancel_submit(bpy.types.Operator):
    """Wait no longer for the farm."""

    bl_idname = "image.clone_cancel_submit"
    bl_label = "Cancel"
    bl_description = "Wait no longer for the farm; a job that it has already stays there"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while there is something to wait for."""
        cls.poll_message_set("No job is on its way")
        return sending()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Leave the thread to its end, which comes by itself, and its answer unread."""
        global _current  # noqa: PLW0603
        _current = None
        redraw(context)
        return {"FINISHED"}


def job_of(image: bpy.types.Image, scene: bpy.types.Scene, shards: int) -> dict[str, object]:
    """Return the farm's job for an image sequence under the scene's settings.

    Raises:
        UnusableImage: when the image is no sequence.
        UnusableCamera: when the projection is to come from a camera that cannot give it.
        NotSubmitted: when the results would lie among the frames.
    """
    if image.source == "MOVIE":
        raise images.UnusableImage(
            f"A farm takes image sequences, and “{image.name}” is a movie. Save its frames as "
            "pictures and open those as an image sequence."
        )
    frames, chosen = sources.sequence_of(image), request.settings_of(scene)
    folder = scene.clone_normals.sequence_folder.strip()
    results = Path(bpy.path.abspath(folder)) if folder else frames.folder / "normals"
    if results.resolve() == frames.folder.resolve():
        raise flamenco.NotSubmitted("A farm's results need a folder of their own. Choose another.")
    settings = flamenco.JobSettings(
        pattern_of(frames),
        str(results),
        chosen.steps,
        chosen.size,
        chosen.fov_degrees,
        chosen.light_from,
        chosen.seamless,
        shards,
    )
    return flamenco.job(image.name, settings)


def done_otherwise(image: bpy.types.Image, scene: bpy.types.Scene) -> str:
    """Say what a farm does not do as the scene asks for it, or nothing.

    Raises:
        UnusableImage: when it is a view transform that the color management lacks.
    """
    undone = view_transform.encoding_of(image, view_transform.choice_of(image, scene))
    words = []
    if undone not in (None, view_transform.STANDARD):
        words.append("The farm does not undo what is chosen under Encoding.")
    if scene.clone_normals.start != EstimateSettings.start:
        words.append("The farm starts from the trained model, whatever Start says.")
    return " ".join(words)


def pattern_of(frames: Frames) -> str:
    """Return a glob for a sequence's files and no others in their folder."""
    head = glob.escape(str(frames.folder / frames.head))
    return f"{head}{'[0-9]' * frames.digits}{glob.escape(frames.tail)}"


def settle(context: bpy.types.Context) -> None:
    """Take in the answer: note what the panel says, or what went wrong."""
    global _current, _told  # noqa: PLW0603
    submission, _current = _current, None
    if submission is None:
        return
    try:
        submission.answer.result()
        _told = translated(f"The farm has the job “{submission.name}”")
    except Offline:
        words = "Blender is not allowed to go online, and this farm is not in the local network."
        session.current.trouble = Trouble(words, "Allow it in Blender's preferences.", "online")
    except flamenco.NotSubmitted as error:
        session.current.trouble = Trouble(str(error), repair="preferences")
    redraw(context)


def _pump() -> float | None:
    """Look whether the answer is there."""
    if _current is not None and not _current.answer.done():
        return PUMP_SECONDS
    settle(bpy.context)
    return None


def _on_a_thread(manager: str, job: Mapping[str, object], online: bool) -> Future[str]:
    pool = ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals farm")
    answer = pool.submit(_send, manager, job, online)
    pool.shutdown(wait=False)
    return answer


def _send(manager: str, job: Mapping[str, object], online: bool) -> str:
    # a Manager in the local network is no more "online" than the disk that both see
    if not online and flamenco.reaches_internet(manager):
        raise Offline
    return flamenco.submit(manager, job)


CLASSES = (IMAGE_OT_clone_submit_to_farm, IMAGE_OT_clone_cancel_submit)

_add_classes, _remove_classes = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    """Add the operators."""
    _add_classes()


def unregister() -> None:
    """Forget what is on its way and remove the operators."""
    global _current, _told
    _current, _told = None, ""
    if bpy.app.timers.is_registered(_pump):
        bpy.app.timers.unregister(_pump)
    _remove_classes()
