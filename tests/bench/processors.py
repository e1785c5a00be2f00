"""What processes and their threads took of the processors so far, by name. Linux."""

import os
from collections import Counter
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def thread_seconds(pid: int) -> Counter[str]:
    """Seconds of each thread of a process, by the name the kernel knows; several of one name together."""
    found: Counter[str] = Counter()
    for folder in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[(folder / "comm").read_text("utf-8").strip()] += _seconds(folder / "stat")
        except OSError:  # it ended meanwhile
            continue
    return found


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that still run, theirs too."""
    found = []
    for folder in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(word) for word in (folder / "children").read_text("ascii").split()]
        except OSError:
            continue
    return found + [grandchild for child in found for grandchild in children_of(child)]


def process_seconds(pid: int) -> float:
    """Seconds of a process and of those it started."""
    return sum(_seconds(Path(f"/proc/{one}/stat")) for one in (pid, *children_of(pid)))


def _seconds(file: Path) -> float:
    fields = file.read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
