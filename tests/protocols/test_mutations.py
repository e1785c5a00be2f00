"""Frames changed at random raise nothing but RemoteProtocolError, from the stream to the values, and leave
nothing behind in memory."""

import os
import random
import sys
import time

import pytest

from .mutations import Mutations, resident_bytes

MANY = int(os.environ.get("MUTATIONS", "10000000"))
GROWTH_BYTES_MAX = 24 << 20  # of a process that holds some 150 MB


def started() -> Mutations:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed} (SEED={seed} repeats this run)")
    return Mutations(seed)


def check_reached(run: Mutations) -> None:
    """The damage is not all stopped at the door, and not all of it is harmless."""
    assert run.splitter.frames > run.number // 3 and run.splitter.rejected > run.number // 10
    assert run.decoded > run.number // 4 and run.refused > run.number // 10


def test_mutated_frames_raise_nothing_but_the_remote_error():
    run = started()
    run.run(20_000)
    check_reached(run)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of the process is read from /proc")
def test_many_mutated_frames_raise_nothing_but_the_remote_error_and_leave_nothing_in_memory():
    run = started()
    run.run(max(MANY // 20, 20_000))
    warm, start, begun = resident_bytes(), run.number, time.monotonic()
    run.run(MANY - run.number)
    check_reached(run)
    grown = resident_bytes() - warm
    rate = (run.number - start) / (time.monotonic() - begun)
    print(
        f"{run.number:,} mutations, {rate:,.0f} a second, {warm >> 20} MiB, grown by {grown / 2**20:.1f} MiB"
    )
    assert grown < GROWTH_BYTES_MAX
