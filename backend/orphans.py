"""No process outlives the one that started it, however that one ends.

A process of multiprocessing waits for its parent on a thread. The end of its standard input is what
ends a worker of the service. One that is stopped, or hangs in a native call that holds Python's
lock, cannot notice that; Linux and Windows end it all the same.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import parent_process

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent(last: Callable[[], None] = lambda: None) -> None:
    """Have this process of multiprocessing do a last thing and end once its parent is gone."""
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            last()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def die_with_parent() -> None:
    """Have this process killed once the thread that started it is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def take_children_along() -> object:
    """Have whatever this process starts from now on killed once it is gone (Windows).

    Returns:
        The job object, which has to be kept: closing it is what kills.
    """
    if sys.platform != "win32":
        return None
    import win32api  # noqa: PLC0415  nowhere else
    import win32job  # noqa: PLC0415

    job = win32job.CreateJobObject(None, "")
    kind = win32job.JobObjectExtendedLimitInformation
    limits = win32job.QueryInformationJobObject(job, kind)
    flag = win32job.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    limits["BasicLimitInformation"]["LimitFlags"] |= flag
    win32job.SetInformationJobObject(job, kind, limits)
    win32job.AssignProcessToJobObject(job, win32api.GetCurrentProcess())
    return job
