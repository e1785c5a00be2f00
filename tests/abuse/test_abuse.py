"""Every kind of abuse at once on a running gateway: good terminals are answered, it costs no memory, it is
counted, and each is named once a minute."""

import asyncio
import json
import os
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.gateway.support import wait_for
from tests.gateway.test_cli import CONFIG, Process, ask

from .crowd import Good, misbehave, phone_of

GOOD = 20
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
GROWTH_BYTES_MAX = 96 << 20  # of buffers for peers that are slowed, at most, and of SQLite's pages
EXPECTED = (
    "refused_unauthenticated", "refused_wrong_code", "rejected_framing", "packages_discarded", "slowed_peers",
    "closed: too many refused messages before authentication", "closed: too much before authentication",
)  # fmt: skip


def memory_of(pid: int) -> int:
    """Resident bytes."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) << 10


async def abused(port: int, seed: int, seconds: float) -> list[Good]:
    good = await asyncio.gather(*[Good(phone_of(number), port).open() for number in range(GOOD)])
    over = asyncio.Event()
    driving = [asyncio.create_task(each.drive(0.05, over)) for each in good]
    await misbehave(port, seed, seconds)
    over.set()
    await asyncio.gather(*driving)
    for each in good:
        each.close()
    return good


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    "seconds", [pytest.param(4, marks=pytest.mark.slow), pytest.param(SOAK_SECONDS, marks=pytest.mark.soak)]
)
def test_good_terminals_do_not_suffer(tmp_path, seconds):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed}")
    config = tmp_path / "gateway.toml"
    limits = "port = 0\nunauthenticated_timeout_s = 2\nstatus_interval_s = 0.2\nmax_bytes_per_s = 1048576"
    limits = CONFIG.replace("port = 0", limits, 1).replace("status_interval_s = 0.05\n", "")
    config.write_text(limits + "\n[sessions]\npackages_bytes = 65536\n")
    process = Process(config)
    try:
        asyncio.run(abused(process.port, seed, 1.0))  # what is needed once is there
        before = memory_of(process.child.pid)
        good = asyncio.run(abused(process.port, seed, seconds))
        grown = memory_of(process.child.pid) - before
        sent = sum(each.sent for each in good)
        assert sent == sum(each.answered for each in good) and sent >= GOOD * seconds
        assert grown < GROWTH_BYTES_MAX, f"seed {seed}: {grown >> 20} MiB"
        status = tmp_path / "status.json"
        wait_for(lambda: json.loads(status.read_text())["server"]["connections"] == 0)
        counters = json.loads(status.read_text())["server"]["counters"]
        missing = [name for name in EXPECTED if not counters.get(name)]
        assert not missing, f"seed {seed}: {missing} are not in {counters}"
        listed = json.loads(ask("status", config, "--json").stdout)["terminals"]
        owners = {phone_of(number).hex().lstrip("0") for number in range(GOOD)}
        assert owners == set(listed), "nobody else's reports were taken"
    finally:
        assert process.end() == 0
    assert_named_once_a_minute(tmp_path / "log", seconds)


def assert_named_once_a_minute(log: Path, seconds: float) -> None:
    """All come from one host; a terminal's name does not make it another."""
    named = Counter()
    for line in log.read_text("utf-8").splitlines():
        said = json.loads(line)
        if "peer" in said:
            named[said["message"]] += 1
    assert named and max(named.values()) <= 2 + seconds / 60, named
