"""What good terminals feel of bad peers: the time they wait for answers, quiet and abused, in turns.

Good terminals are in this process, bad peers in one of their own, the gateway in a third.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.gateway_process import GatewayProcess
from tests.abuse.crowd import Good, phone_of

from .figures import Figure

GOOD = 20
INTERVAL_S = 0.02
SECONDS = 4.0
ROUNDS = 3
SEED = 7


def figures() -> list[Figure]:
    """p99 of good terminals while nothing is wrong and while everything is; the ratio is to the first."""
    quiet, abused = [], []
    with tempfile.TemporaryDirectory() as name:
        gateway = GatewayProcess(Path(name), 1, sections={"mqtt": {"enabled": False}})
        gateway.start()
        try:
            for number in range(ROUNDS):
                quiet.append(asyncio.run(waits(gateway.port)))
                with bad_peers(gateway.port, SEED + number):
                    abused.append(asyncio.run(waits(gateway.port)))
        finally:
            gateway.stop()
    rows = []
    for what, cut in (("p50", 49), ("p99", 98)):
        base, other = (statistics.median(round_[cut] for round_ in each) for each in (quiet, abused))
        rows.append(Figure("abuse", f"{what} of a good terminal's answer, quiet", base * 1000, "ms", 1.0))
        note = f"seed {SEED}; {GOOD} good terminals; every kind of abuse at once, two peers each"
        rows.append(Figure("abuse", f"{what}, abused", other * 1000, "ms", other / base, note))
    return rows


async def waits(port: int) -> list[float]:
    """The 99 cuts of what good terminals waited, seconds."""
    good = await asyncio.gather(*[Good(phone_of(number), port).open() for number in range(GOOD)])
    over = asyncio.Event()
    driving = [asyncio.create_task(each.drive(INTERVAL_S, over)) for each in good]
    await asyncio.sleep(SECONDS)
    over.set()
    await asyncio.gather(*driving)
    for each in good:
        each.close()
    if any(each.answered != each.sent for each in good):
        raise RuntimeError("a good terminal was refused")
    return statistics.quantiles([wait for each in good for wait in each.waits_s], n=100)


@contextmanager
def bad_peers(port: int, seed: int) -> Iterator[None]:
    """They misbehave until the block is left."""
    command = [sys.executable, "-m", "tests.abuse.crowd", str(port), str(seed), str(SECONDS * 10)]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()
