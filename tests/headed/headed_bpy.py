"""Run the ``bpy`` module as a Blender with windows, for screenshots; a test-only trick.

    python headed_bpy.py SCRIPT [arguments for the script…]

The module always starts in background mode: its start-up code stores 1 into the global flag just
before it starts the window manager. Here that one constant is changed in memory, and afterwards
Blender's own main loop is entered. x86-64 Linux only; wheels keep the symbol table that this needs.
"""

import ctypes
import importlib.util
import mmap
import re
import runpy
import subprocess
import sys
from pathlib import Path

ENTER = r"(_Z.*)?main_python_enter(E?i.*)?"
START_WINDOWS = r"(_Z(N7blender)?7)?WM_init(E?P.*)?"
MAIN_LOOP = r"(_Z(N7blender)?7)?WM_main(E?P.*)?"
CONTEXT = r"(_Z(N7blender)?15)?BPY_context_get(E?v)?"
SCANNED_BYTES = 0x600
CALL, STORE_BYTE_1 = 0xE8, re.compile(rb"\xc6[\x80-\x87].{4}\x01", re.DOTALL)


def symbol_table(library: str) -> dict[str, int]:
    """Return the offsets of the library's symbols."""
    listing = subprocess.run(["nm", library], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def offset_of(symbols: dict[str, int], pattern: str) -> int:
    """Return the offset of the one symbol that matches."""
    found = {symbols[name] for name in symbols if re.fullmatch(pattern, name)}
    assert len(found) == 1, f"{len(found)} symbols match {pattern}"
    return found.pop()


def flag_store(code: bytes, enter: int, start_windows: int) -> int:
    """Return where the constant 1 of the background flag lies in the start-up code."""
    for at in range(len(code) - 5):
        target = enter + at + 5 + int.from_bytes(code[at + 1 : at + 5], "little", signed=True)
        if code[at] == CALL and target == start_windows:
            *_, last = STORE_BYTE_1.finditer(code[:at])
            return last.end() - 1
    raise AssertionError("the start-up code does not look as in the versions this was made for")


def overwrite(address: int, value: int) -> None:
    """Change one byte of the program in memory."""
    libc, page = ctypes.CDLL(None), mmap.PAGESIZE
    start, read_write_run, read_run = ctypes.c_void_p(address & ~(page - 1)), 7, 5
    assert libc.mprotect(start, page * 2, read_write_run) == 0
    ctypes.c_ubyte.from_address(address).value = value
    assert libc.mprotect(start, page * 2, read_run) == 0


def main() -> None:
    """Start Blender with a window, run the script in it, and enter the main loop."""
    spec = importlib.util.find_spec("bpy")
    assert spec is not None and spec.origin is not None
    symbols = symbol_table(spec.origin)
    library = ctypes.CDLL(spec.origin, mode=ctypes.RTLD_GLOBAL)
    loaded = ctypes.cast(library.PyInit_bpy, ctypes.c_void_p).value or 0
    base = loaded - symbols["PyInit_bpy"]
    enter = offset_of(symbols, ENTER)
    code = bytes((ctypes.c_ubyte * SCANNED_BYTES).from_address(base + enter))
    store = flag_store(code, enter, offset_of(symbols, START_WINDOWS))
    overwrite(base + enter + store, 0)
    bpy = importlib.import_module("bpy")
    assert not bpy.app.background
    script, sys.argv = sys.argv[1], sys.argv[1:]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")
    context = ctypes.CFUNCTYPE(ctypes.c_void_p)(base + offset_of(symbols, CONTEXT))()
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(base + offset_of(symbols, MAIN_LOOP))(context)


if __name__ == "__main__":
    main()
