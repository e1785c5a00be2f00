"""SIGKILL in the middle of commits: every report that was acknowledged is there, once, without a gap."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from edge_gateway.journal import Journal, read_totals

from .support import everything

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

# Submits reports for ever, 3 threads' worth of terminals at a time, and says which were called back.
WRITER = """
import sys, itertools
from pathlib import Path
from edge_gateway.journal import Journal, Origin, STORED
from tests.gateway.support import report

journal = Journal(Path(sys.argv[1]))
origins = [Origin(f"0138001380{n:02d}", 2013) for n in range(20)]
def acknowledged(number):
    def release(outcome):
        if outcome == STORED:
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()
    return release
for number in itertools.count(int(sys.argv[2])):
    journal.submit(origins[number % 20], 1, [report(number)], acknowledged(number))
    if number % 7 == 0 and number > 20:
        journal.submit(origins[number % 20], 1, [report(number)], acknowledged(number))
    if number % 400 == 0 and journal.last_sequence > 10:
        journal.confirm(journal.last_sequence - 10)
    while number - int(sys.argv[2]) - journal.stats()["grouped"] > 500:
        pass
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_acknowledged_is_there_after_sigkill(tmp_path, rounds):
    seed = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    path = tmp_path / "journal.db"
    acknowledged: set[int] = set()
    stored: dict[int, int] = {}
    begin = 0
    for _ in range(rounds):
        said = run_and_kill(path, begin, rng.uniform(0.15, 0.6))
        acknowledged |= said
        journal = Journal(path)
        kept = everything(journal)
        confirmed = journal.confirmed_sequence
        first = kept[0].sequence if kept else confirmed + 1
        assert [r.sequence for r in kept] == list(range(first, journal.last_sequence + 1)), "a gap"
        assert first <= confirmed + 1, "an undelivered record is gone"
        for record in kept:
            number = int.from_bytes(record.body[30:34], "big")
            assert stored.setdefault(number, record.sequence) == record.sequence, "stored twice"
        # Submitted in order of number, so without a gap in either the last one proves all before it.
        numbers = [int.from_bytes(record.body[30:34], "big") for record in kept]
        assert all(b > a for a, b in pairwise(numbers))
        assert max(said) <= max(stored), f"acknowledged {max(said)}, the journal ends with {max(stored)}"
        assert read_totals(path)["journalled"] == journal.last_sequence
        terminals = read_totals(path)["terminals"]
        assert sum(t["journalled"] for t in terminals.values()) == journal.last_sequence
        begin = max(stored, default=0) + 1
        journal.close()
    assert acknowledged
    print(f"{len(acknowledged)} acknowledged, none lost")


def run_and_kill(path, begin, seconds):
    """What the writer said it was called back for before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(begin)], stdout=subprocess.PIPE, cwd=os.getcwd()
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    assert first, "the writer did not start"
    timer_end = time.monotonic() + seconds
    lines = [first]
    while time.monotonic() < timer_end:
        lines.append(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.wait()
    return {int(line) for line in lines if line.endswith(b"\n")}
