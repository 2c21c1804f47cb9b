# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verb for image sequences: estimate frame after frame, into files."""

import os
import time
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import bpy
import numpy as np
from bpy.props import StringProperty

from . import images, lineage, maps, normal_nodes, ours, preferences, request, session, sources
from .encoding import Encoding
from .images import Layer
from .operators import source_of
from .request import Terms
from .sequence import Plan, Writer, normals_of, unit_normals
from .shaping import Shaping, shaped
from .sources import Source
from .steadiness import Frame
from .task import Estimate, Task
from .texture_settings import choice
from .translations import translated
from .trouble import Trouble
from .waiting import UNUSABLE, Ending, Waiting


@dataclass
class Run:
    """A sequence on its way, as the panel shows it."""

    total: int
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    task: Task | None = None
    """What the session works on for it."""
    written: Future[None] | None = None
    """What becomes of the frame that was written last."""

    @property
    def fraction(self) -> float:
        """Share of the frames that are done."""
        return self.done / max(self.total, 1)

    @property
    def alive(self) -> bool:
        """Whether the session works for it, or a frame is being written."""
        # a session that rests has no task either
        works = self.task is not None and self.task is session.current.task
        return works or (self.written is not None and not self.written.done())

    @property
    def seconds_left(self) -> float:
        """Time for what is left at the pace so far; negative while nothing is done."""
        if not self.done:
            return -1.0
        return (time.monotonic() - self.began) / self.done * (self.total - self.done)


_run: Run | None = None


def running() -> Run | None:
    """Return the run that is on its way, if there is one."""
    return _run if _run is not None and _run.alive else None


class IMAGE_OT_clone_estimate_sequence(Waiting, bpy.types.Operator):
    """Estimate the normals of every frame of an image sequence."""

    bl_idname = "image.clone_estimate_sequence"
    bl_label = "Estimate Sequence"
    bl_description = (
        "Estimate the normals of every frame that is not done yet, and save them as files; "
        "Esc stops and keeps what is done"
    )
    bl_options: ClassVar = {"UNDO"}  # no REGISTER: the redo panel would run it again, blocking

    todo: deque[int] | None = None
    writer: Writer
    run: Run
    terms: Terms
    shaping: Shaping
    image_uid: int
    reading: tuple[str, ...]

    image_name: StringProperty(
        name="Image",
        description="Name of the image sequence; empty for the one that is shown",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Allow one estimate at a time."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy and running() is None

    def try_begin(self, context: bpy.types.Context) -> bool:
        """Begin; when every frame is done already, there is only the end to come."""
        self.todo = None
        return super().try_begin(context) or (self.todo is not None and not self.todo)

    def begin(self, context: bpy.types.Context) -> None:
        """Send the first frame off that is not done."""
        global _run  # noqa: PLW0603  one at a time, as there is one session
        image = source_of(context, self.image_name).image
        self.terms = request.terms_of(image, context.scene)
        plan = plan_of(image, context.scene, self.terms)
        self.image_name, self.image_uid = image.name, image.session_uid
        self.reading = reading_of(image)
        self.todo = deque(plan.todo())
        self.run = _run = Run(len(self.todo))
        self.writer = Writer(plan)
        self.shaping = choice(context.scene.clone_textures).shaping
        session.current.trouble = None
        if self.todo:
            self._send(context, self.todo[0])

    def end(self, context: bpy.types.Context) -> Ending:
        """Write each frame while the next is estimated; show the sequence in the end."""
        with ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals sequence") as pool:
            try:
                yield from self._frames(context, pool)
            except (*UNUSABLE, OSError) as error:
                self.drop()
                session.current.trouble = _trouble(error)
        numbers = self.writer.plan.normals.numbers()
        made = sorted(self.writer.done.intersection(numbers))
        if made:
            shown = show(self.writer.plan, made[0])
            normal_nodes.mark(shown, self.shaping.convention)
            lineage.mark(shown, images.of_uid(self.image_uid))
            self.report(
                {"INFO"}, translated(f"{len(made)} frames are done: the image “{shown.name}”")
            )
        self.tell(session.current.trouble)
        return {"FINISHED"} if made else {"CANCELLED"}

    def _frames(self, context: bpy.types.Context, pool: ThreadPoolExecutor) -> Ending:
        """Take in estimates until all frames are done or something ends the run."""
        while self.todo and (estimate := session.current.take_estimate(self.task)) is not None:
            number = self.todo.popleft()
            self._recall(context, number)
            self.run.written = pool.submit(_keep, self.writer, number, estimate, self.shaping)
            if self.todo:
                self._send(context, self.todo[0])
            yield from _until(self.task, self.run.written)
            self.run.done += 1
        return set()

    def _send(self, context: bpy.types.Context, number: int) -> None:
        task = request.task_under(self.terms, self._source(number), context.scene)
        self.task = self.run.task = task
        session.current.begin(preferences.place(context), task)

    def _recall(self, context: bpy.types.Context, number: int) -> None:
        """Have the frame before this one at hand, also when an earlier run made it."""
        writer, numbers = self.writer, self.writer.plan.frames.numbers()
        before = max((other for other in numbers if other < number), default=None)
        if writer.before is not None and writer.before[0] == before:
            return
        writer.before = None
        if before in writer.done and writer.plan.steadiness > 0.0:
            task = request.task_under(self.terms, self._source(before), context.scene)
            picture = task.arrays.result()["picture"]
            with images.opened_file(writer.plan.normals.path(before)) as normal:
                images.set_colorspace(normal, "data")
                normals = unit_normals(images.read(normal).values)
            writer.before = before, Frame(picture, normals)

    def _source(self, number: int) -> Source:
        """Return a frame of the image, whatever that is called by now.

        Raises:
            UnusableImage: when it is gone, or its frames are others or read otherwise by now.
        """
        image = images.of_uid(self.image_uid)
        if image is None or reading_of(image) != self.reading:
            raise images.UnusableImage(
                f"The sequence “{self.image_name}” was changed or removed while it was estimated. "
                "What is done is kept; estimate it again for the rest."
            )
        return Source(image, number)


def reading_of(image: bpy.types.Image) -> tuple[str, ...]:
    """Return what says which values the frames of an image have."""
    # as the file is saved elsewhere, Blender writes the same place in another way
    path = os.path.normpath(bpy.path.abspath(image.filepath, library=image.library))
    return image.source, path, image.colorspace_settings.name, image.alpha_mode


def plan_of(image: bpy.types.Image, scene: bpy.types.Scene, terms: Terms) -> Plan:
    """Return what is to be made of an image sequence under these terms.

    Raises:
        UnusableImage: when the image has no frames.
    """
    frames, chosen = sources.frames_in(image), scene.clone_normals
    folder = chosen.sequence_folder.strip()
    settings = asdict(terms.settings) | {
        "encoding": _mark(terms.encoding),
        "steadiness": round(chosen.steadiness, 6),
        "mask": _mark(terms.mask),
        "hints": _mark(terms.hints) or False,
        "colorspace": image.colorspace_settings.name,
        "shaping": asdict(choice(scene.clone_textures).shaping),
    }
    where = Path(bpy.path.abspath(folder)) if folder else None
    return Plan(frames, normals_of(frames, where), settings, chosen.steadiness)


def _mark(term: str | Encoding | Layer | None) -> str:
    """Return what tells a term from others; a layer painted anew or another look is another one."""
    if term is None or isinstance(term, str):
        return term or ""
    values = term.values if isinstance(term, Encoding) else term.pixels.values
    return f"{zlib.crc32(np.ascontiguousarray(values).data):08x}"


def show(plan: Plan, first: int) -> bpy.types.Image:
    """Have the normal maps as an image sequence, made or refreshed."""
    path, name = str(plan.normals.path(first)), plan.normals.head.rstrip("_")
    image = ours.find(bpy.data.images, name)
    if image is None:
        image = ours.mark(bpy.data.images.load(path))
        image.name = name
        image.use_fake_user = True  # an image that nothing shows is not saved
    elif image.packed_file is not None:
        image.unpack(method="REMOVE")
    image.filepath = path
    image.source = "SEQUENCE"
    images.set_colorspace(image, "data")
    return image


def _until(task: Task | None, written: Future[None]) -> Ending:
    """Wait for the next frame to be estimated and for this one to be written."""
    while session.current.task is task:
        session.current.advance()
        yield
    # nothing else may begin meanwhile; what began after a cancel goes on
    saving = nullcontext() if session.current.busy else session.current.importing("Saving")
    with saving:
        while not written.done():
            yield
    written.result()
    return set()


def _keep(writer: Writer, number: int, estimate: Estimate, shaping: Shaping) -> None:
    picture = estimate.task.arrays.result()["picture"]
    found = estimate.arrays["normals"]
    normals = shaped(found, maps.coverage(estimate, found.shape), shaping)
    writer.write(number, Frame(picture, normals))


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, OSError):
        words = f"A frame cannot be saved: {error}."
        return Trouble(words, "Choose another folder, or make room on the disk.")
    return Trouble(str(error))


CLASSES = (IMAGE_OT_clone_estimate_sequence,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
