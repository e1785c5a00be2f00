"""A disk that takes no more: reports are answered with failure, the gateway goes on, nothing acknowledged is
lost. A limit on file sizes stands for the disk: the system refuses writes beyond it as a full disk does.
"""

import json
import subprocess
import sys

import pytest

from edge_gateway.journal import Journal

from .support import everything

resource = pytest.importorskip("resource", reason="limits on file sizes need a Unix")

CHILD = """
import json, resource, sys
from pathlib import Path
from edge_gateway.journal import Journal, Origin
from tests.gateway.support import report, store

path = Path(sys.argv[1])
journal = Journal(path)
origin = Origin("013800138000", 2013)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
outcomes, number = [], 0
for phase in ("room", "none", "room again"):
    size = Path(f"{path}-wal").stat().st_size if phase == "none" else unlimited[0]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))
    for _ in range(20):
        number += 1
        outcomes.append((phase, number, store(journal, origin, [report(number)])))
print(json.dumps([outcomes, journal.stats()]))
"""


def test_a_full_disk_refuses_and_recovers(tmp_path):
    path = tmp_path / "journal.db"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    outcomes, stats = json.loads(done.stdout)
    by_phase = {phase: {o for p, _, o in outcomes if p == phase} for phase, _, _ in outcomes}
    assert by_phase == {"room": {0}, "none": {2}, "room again": {0}}, done.stderr
    assert stats["failed_commits"] == 20
    journal = Journal(path)
    acknowledged = [number for _, number, outcome in outcomes if outcome == 0]
    assert [record.serial for record in everything(journal)] == acknowledged
    journal.close()
