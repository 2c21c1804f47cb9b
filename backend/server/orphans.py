"""The system's own promise that no worker outlives its broker.

The end of its standard input is what ends a worker. One that is stopped, or hangs in a native call
that holds Python's lock, cannot notice that; Linux and Windows end it all the same.
"""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


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
