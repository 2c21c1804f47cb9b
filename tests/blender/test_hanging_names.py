"""A name server that hangs while a server's name is looked up never holds Blender up."""

import sys
import threading
import time
from dataclasses import replace

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO

FRAME_SECONDS = 0.033
CONVERSATION = f"{MODULE}.conversation"


@pytest.fixture(params=["by Python", "by ZeroMQ"])
def lookup(request, monkeypatch):
    """A lookup that goes on until it is set free: ZeroMQ's shows when its context is to end."""
    hangs, ends = threading.Event(), threading.Event()

    def hang_then(function):
        def hanging(*given, **named):
            hangs.set()
            ends.wait(10.0)
            return function(*given, **named)

        return hanging

    if request.param == "by Python":
        module = sys.modules[CONVERSATION]
        monkeypatch.setattr(module, "ipv6_alone", hang_then(module.ipv6_alone))
    else:
        kind = sys.modules[CONVERSATION].zmq.Context
        monkeypatch.setattr(kind, "destroy", hang_then(kind.destroy))
        hangs.set()
    yield hangs, ends
    ends.set()


@pytest.fixture
def at_a_server(addon, fake, tmp_path):
    """A server that is there and says nothing, and its key as what the preferences name."""
    connection = sys.modules[f"{MODULE}.shared.connection"]
    with fake("deaf") as server:
        published = connection.find(tmp_path / "run")
        endpoint = published.endpoint.replace("127.0.0.1", "localhost")
        key = tmp_path / "ada.clone-key.json"
        connection.write(replace(published, endpoint=endpoint), key)
        bpy.context.preferences.addons[MODULE].preferences.key = str(key)
        yield server
        bpy.context.preferences.addons[MODULE].preferences.key = ""


def clients():
    return [thread for thread in threading.enumerate() if thread.name == "CLONE Normals client"]


def begin(image):
    """Begin as a click does, and give the lookup time to begin too."""
    module = sys.modules[f"{MODULE}.sources"]
    task = sys.modules[f"{MODULE}.request"].task_of(module.Source(image), bpy.context.scene)
    now = sys.modules[f"{MODULE}.session"].current
    now.begin(sys.modules[f"{MODULE}.preferences"].place(bpy.context), task)
    return now


def cancel():
    assert bpy.ops.clone.cancel() == {"FINISHED"}


def quit_blender():
    sys.modules[f"{MODULE}.handlers"].leave_backend()


def switch_servers():
    sys.modules[f"{MODULE}.session"].current.cancel()
    assert bpy.ops.clone.leave_server() == {"FINISHED"}


@pytest.mark.parametrize("do", [cancel, quit_blender, switch_servers])
def test_blender_goes_on_while_a_name_is_looked_up(at_a_server, make_image, lookup, do):
    hangs, ends = lookup
    earlier = clients()
    session = begin(make_image(PHOTO))
    assert hangs.wait(5.0)
    started = time.perf_counter()
    do()
    assert time.perf_counter() - started < FRAME_SECONDS
    assert not session.busy
    left = [thread for thread in clients() if thread not in earlier]
    assert left and all(thread.daemon for thread in left)  # the end of Blender ends it too
    ends.set()
    for thread in left:
        thread.join(5.0)
        assert not thread.is_alive()
