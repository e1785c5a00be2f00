"""What a start loads: a gateway that was killed is to be back before its terminals have noticed."""

import json
import subprocess
import sys

import pytest

_LOOK = """
import json, sys
from pathlib import Path
import edge_gateway.cli, edge_gateway.gateway, edge_gateway.supervisor, edge_gateway.delivery.apart.process
tasks = Path("/proc/self/task")
print(json.dumps([sorted(sys.modules), len(list(tasks.iterdir())) if tasks.is_dir() else 1]))
"""


@pytest.mark.slow
def test_what_is_off_is_not_loaded_and_numpy_starts_no_threads() -> None:
    found = subprocess.run([sys.executable, "-c", _LOOK], check=True, capture_output=True, timeout=60)
    modules, threads = json.loads(found.stdout)
    assert "numpy" in modules
    assert not {"fastapi", "uvicorn", "edge_gateway.api.app", "edge_gateway.freight.service"} & set(modules)
    assert threads == 1
