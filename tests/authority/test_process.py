"""The authority as a process: `ready` is said when it is, and not before."""

import signal
import socket
import subprocess
import sys

SECONDS = 30


def test_without_a_broker_it_waits_aloud_and_never_says_ready(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    command = [sys.executable, "-m", "simulator.authority"]
    command += ["--broker", f"127.0.0.1:{port}", "--database", str(tmp_path / "authority.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert any(f"waiting for the broker at 127.0.0.1:{port}" in line for line in child.stderr)
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=SECONDS)
    assert '"ready"' not in out and '"stopped"' in out
