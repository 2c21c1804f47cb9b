"""Faults of the engine as sentences a user can act on; tracebacks stay in the log."""

from pathlib import Path

from backend.errors import Refused
from shared.messages import Failed, Submit


def failure(error: BaseException, submit: Submit, log_path: Path) -> Failed:
    """Describe what ended a job."""
    if isinstance(error, Refused):
        return Failed(submit.job, error.code, error.message, error.advice)
    if isinstance(error, MemoryError):
        return _out_of_memory(submit)
    message = f"The engine stopped with an error of its own ({type(error).__name__})."
    return Failed(submit.job, "internal", message, f"The log has the details: {log_path}")


def worker_died(job: str, ending: str, log_path: Path) -> Failed:
    """Describe a job whose worker process ended under it, time after time."""
    message = f"The compute process ended while it worked on this picture ({ending})."
    advice = f"Try a smaller working size; if that does not help, see the log: {log_path}"
    return Failed(job, "worker_died", message, advice, retryable=True)


def _out_of_memory(submit: Submit) -> Failed:
    height, width = next(spec for spec in submit.arrays if spec.name == "picture").shape[:2]
    size = submit.settings.size
    message = f"Memory ran out: {width} × {height} pixels at working size {size} need too much."
    advice = f"Set the working size to {max(size // 2, 16)} or scale the picture down."
    return Failed(submit.job, "out_of_memory", message, advice)
