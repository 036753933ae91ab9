"""What a tree of processes has used: a service with its workers, or Postgres with its backends."""

import psutil  # type: ignore[import-untyped]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all below it since they began, those that have ended included."""
    return sum(spent(process) for process in tree(pid))


def cpu_seconds_alone(pid: int) -> float:
    """CPU time of a process without any below it."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory_bytes(pid: int) -> int:
    """Memory that only this process and those below it use, each by itself (USS)."""
    return sum(process.memory_full_info().uss for process in tree(pid))


def parent(pid: int) -> int:
    return int(psutil.Process(pid).ppid())


def tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def spent(process: psutil.Process) -> float:
    """Of one process, with its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # between listing and asking; its parent has its time now
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
