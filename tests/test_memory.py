"""Freed memory is kept where glibc is; that is seen by how often pages are faulted in."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, threading, torch
from backend.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def use():  # on a thread, as the worker's engine does
    for _ in range(20):
        torch.ones(8, 1024, 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(8, 1024, 1024)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = threading.Thread(target=use)
thread.start()
thread.join()
"""


def _faults(how: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], check=True, capture_output=True, text=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_maps_do_not_fault_their_pages_in_again():
    assert _faults("kept") * 20 < _faults("not")
