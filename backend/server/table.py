"""A backend's status as a few lines of text."""

from pathlib import Path

from shared.messages import Status


def status_table(status: Status, where: str, log_path: Path) -> str:
    """Lay out a status for a terminal."""
    rows = [
        ("version", f"{status.version} ({status.versions})"),
        ("listening", where),
        ("device", status.device),
        ("uptime", _duration(status.uptime_seconds)),
        ("worker", status.worker),
        ("log", str(log_path)),
        ("memory", f"{status.memory_bytes / 1e6:.0f} MB"),
        ("clients", str(status.clients)),
        ("waiting", str(status.waiting)),
        ("jobs", str(len(status.jobs))),
    ]
    jobs = [
        f"  {job.job:<36}  {job.state:<9}  {job.fraction:>4.0%}  {job.stage}" for job in status.jobs
    ]
    return "\n".join([*(f"{name:<10} {value}" for name, value in rows), *jobs])


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
