# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a backend that Blender's main thread can use without ever waiting."""

import queue
import threading

import zmq

from .conversation import Conversation, Ended, Event, Over, Patience, Request
from .shared.connection import Connection
from .shared.messages import Cancel, Shutdown
from .shared.wire import WireError


class Client:
    """A live connection to one backend; every method may be called from Blender's main thread."""

    def __init__(self, connection: Connection, peer: str, patience: Patience | None = None) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._commands: queue.SimpleQueue[Request | Cancel | Shutdown] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run,
            args=(connection, peer, patience or Patience()),
            name="CLONE Normals client",
            daemon=True,
        )
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the conversation goes on."""
        return self._thread.is_alive()

    def submit(self, request: Request) -> None:
        """Send a job; its progress and outcome arrive as events."""
        self._commands.put(request)

    def cancel(self, job: str) -> None:
        """Stop a job; what still arrives for it is dropped."""
        self._commands.put(Cancel(job))

    def shut_down(self) -> None:
        """Ask the backend to end, and give it a moment to do so."""
        self._commands.put(Shutdown())
        self._thread.join(timeout=2.0)

    def close(self) -> None:
        """Leave, without waiting for anything unsent, nor for a name that is being looked up."""
        self._closing.set()  # the thread takes the sockets with it, now or when the lookup ends

    def _run(self, connection: Connection, peer: str, patience: Patience) -> None:
        context = zmq.Context()
        try:
            conversation = Conversation(context, connection, peer, patience, self.events.put)
            while not self._closing.is_set():
                while not self._commands.empty():
                    conversation.command(self._commands.get())
                conversation.turn()
        except Over as over:
            self.events.put(over.event)
        except (zmq.ZMQError, WireError) as error:
            text = f"The conversation with the backend broke: {error}."
            self.events.put(Ended("refused", text, "Update the backend and the add-on together."))
        finally:
            context.destroy(linger=0)
