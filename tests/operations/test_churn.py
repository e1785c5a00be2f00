"""Terminals come and go for as long as one likes: nothing is lost, nothing is stored twice, and the memory of
gateway and delivery stays what it was.

`CHURN_SECONDS` (else SOAK_SECONDS) and `KILL_SEED` say how long and which.
"""

import asyncio
import json
import os
import random
import re
import statistics
import time
from pathlib import Path

import httpx
import pytest

from simulator.broker import free_port
from simulator.demo.road import FAST_DELIVERY, Road
from tests.gateway.test_cli import ask

from .churn import Books, Shape, churn

SOAK_SECONDS = float(os.environ.get("CHURN_SECONDS") or os.environ.get("SOAK_SECONDS", "600"))
SAMPLES = 60
GROWTH_KIB_MAX = 4096  # from the second quarter to the last: pages of SQLite and of the allocator, no more
LEAST_SAMPLES = 40
SETTLE_S = 60
HASTY = Shape(terminals=30, at_once=15, interval_s=0.04, commands_per_s=10.0)


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


async def driven(
    road: Road, client: httpx.AsyncClient, shape: Shape, seconds: float, seed: int
) -> tuple[Books, dict]:
    """What was said, and (seconds, KiB) over time of each process."""
    curves: dict[str, list[tuple[int, int]]] = {"gateway": [], "delivery": []}

    async def sample() -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(seconds / SAMPLES)
            counters = road.gateway.counters()
            pids = {"gateway": road.gateway.pid, "delivery": counters["delivery"]["pid"]}
            for name, pid in pids.items():
                curves[name].append((round(time.monotonic() - began), resident_kib(pid)))
            newest = {name: curve[-1] for name, curve in curves.items()}
            print(f"{newest}, {counters['journal']['journalled']} journalled", flush=True)

    sampling = asyncio.create_task(sample())
    books = await churn(road.gateway.port, client, shape, seconds, random.Random(seed))
    sampling.cancel()
    return books, curves


def assert_flat(curves: dict) -> None:
    """The median of the last quarter against that of the second: what grows without end shows between."""
    for name, curve in curves.items():
        values = [kib for _, kib in curve]
        quarter = len(values) // 4
        early, late = (statistics.median(part) for part in (values[quarter : 2 * quarter], values[-quarter:]))
        print(f"{name}: {early:.0f} KiB in the second quarter, {late:.0f} KiB in the last")
        assert late - early <= GROWTH_KIB_MAX, (name, curve)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("shape", "seconds"),
    [
        pytest.param(HASTY, 3, marks=pytest.mark.slow, id="short"),
        pytest.param(Shape(), SOAK_SECONDS, marks=pytest.mark.soak, id="long"),
    ],
)
def test_churn_loses_nothing_and_costs_no_memory(tmp_path, shape, seconds):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed}")
    port = free_port()
    sections = FAST_DELIVERY | {
        "api": {"enabled": True, "port": port},
        "server": {"idle_timeout_s": 60.0},
        "media": {"max_bytes": 1 << 20, "when_full": "delete_oldest"},
        "commands": {"default_life_s": 30},
    }
    with Road(tmp_path, sections) as road:
        scopes = ("--scope", "commands:write", "--scope", "commands:read")
        made = ask("token", "create", road.gateway.config_file, "churn", *scopes)
        token = made.stdout.strip().splitlines()[-1]

        async def drive() -> tuple[Books, dict]:
            url, headers = f"http://127.0.0.1:{port}/api/v1", {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
                return await driven(road, client, shape, seconds, seed)

        books, curves = asyncio.run(drive())
        assert road.wait_delivered(len(books.answered), SETTLE_S), f"seed {seed}: {road.received()}"
        counts, status = road.received(), road.gateway.status()
        with road.authority.read() as store:
            stored = store.stored_ids()
        print(json.dumps({"seed": seed, "reports": books.reports, **books.counted, **counts._asdict()}))
        counters = status["live"]["commands"]["counters"]
    # A connection may end between the journal and the answer: stored may be more than answered, never less.
    assert books.answered <= stored and counts.duplicated == 0, f"seed {seed}"
    assert stored <= books.sent, f"seed {seed}: what nobody said is stored"
    assert len(books.answered) > seconds * 15
    assert books.counted["takeovers"] and books.counted["pictures"] and books.counted["editions"]
    assert counters["acknowledged"] > 0 and not books.counted["commands 500"]
    if len(curves["gateway"]) >= LEAST_SAMPLES and seconds >= 300:
        assert_flat(curves)
