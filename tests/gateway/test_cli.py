"""The command as a user runs it: a process, its ready line, its exit codes, its status."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from .support import DEADLINE_S, body_of, wait_for
from .test_server import Truck

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

COMMAND = [sys.executable, "-m", "edge_gateway.cli"]
CONFIG = """
[gateway]
id = "test"
[server]
port = 0
status_file = "status.json"
status_interval_s = 0.05
[mqtt]
enabled = false
[log]
format = "json"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    return path


def ask(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


class Process:
    """`edge-gateway run`, ready."""

    def __init__(self, config):
        log = (config.parent / "log").open("a")
        self.child = subprocess.Popen([*COMMAND, "run", str(config)], stdout=subprocess.PIPE, stderr=log)
        log.close()
        line = self.child.stdout.readline()
        assert line, (config.parent / "log").read_text()
        self.ready = json.loads(line)
        self.port = self.ready["port"]

    def end(self, how=signal.SIGTERM):
        self.child.send_signal(how)
        self.child.stdout.close()
        return self.child.wait(DEADLINE_S)


@pytest.fixture
def start(config):
    started = []

    def begin():
        started.append(Process(config))
        return started[-1]

    yield begin
    for process in started:
        if process.child.poll() is None:
            process.end(signal.SIGKILL)


def test_init_check_and_never_overwrite(tmp_path):
    path = tmp_path / "new.toml"
    assert ask("init", path).returncode == 0
    assert ask("check", path).stdout.strip().endswith("good")
    again = ask("init", path)
    assert again.returncode == 2 and "exists and is left as it is" in again.stderr


def test_a_wrong_configuration_is_named_with_its_path(config):
    config.write_text("[server]\nprot = 1")
    for command in ("check", "run", "status"):
        done = ask(command, config)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "server.prot: unknown key; did you mean 'port'?\n"


def test_run_until_sigterm_and_status_afterwards(start, config):
    gateway = start()
    assert gateway.ready == {
        "event": "ready",
        "host": "127.0.0.1",
        "port": gateway.port,
        "pid": gateway.child.pid,
    }
    truck = Truck(gateway.port).log_in()
    for number in (1, 2, 2):
        truck.send(0x0200, body_of(number), number)
        assert truck.hear().result == 0
    status = config.parent / "status.json"
    wait_for(lambda: status.exists() and json.loads(status.read_text())["journal"]["journalled"] == 2)
    running = json.loads(ask("status", config, "--json").stdout)
    assert gateway.end() == 0
    stopped = json.loads(ask("status", config, "--json").stdout)
    assert running["terminals"]["13800138000"]["journalled"] == 2
    assert (running["running"], running["live"]["journal"]["journalled"]) == (True, 2)
    assert stopped == {
        "running": False,
        "live": None,
        "journalled": 2,
        "delivered": 0,
        "queued": 2,
        "rejected": 0,
        "damaged": 0,
        "destinations": {"": {"active": True, "confirmed": 0, "queued": 2, "rejected": 0, "lost": 0}},
        "terminals": {
            "13800138000": {"journalled": 2, "delivered": 0, "queued": 2, "rejected": 0, "duplicates": 1}
        },
    }
    assert "journalled 2" in ask("status", config).stdout
    log = (config.parent / "log").read_text()
    assert truck.code.decode() not in log and "13800138000" in log
    assert all(json.loads(line)["message"] for line in log.splitlines())


def test_killed_and_started_again_everything_is_there(start, config):
    gateway = start()
    truck = Truck(gateway.port).log_in()
    truck.send(0x0200, body_of(1), 1)
    assert truck.hear().result == 0
    gateway.end(signal.SIGKILL)
    assert json.loads(ask("status", config, "--json").stdout)["journalled"] == 1
    gateway = start()
    again = Truck(gateway.port).log_in(truck.code)
    again.send(0x0200, body_of(1), 1)
    assert again.hear().result == 0
    assert gateway.end(signal.SIGINT) == 0
    assert json.loads(ask("status", config, "--json").stdout)["journalled"] == 1


def test_two_gateways_do_not_share_a_folder(start, config):
    start()
    done = ask("run", config)
    assert done.returncode == 1 and "another gateway uses" in done.stderr


def test_a_port_in_use_is_said_so(start, config):
    gateway = start()
    config.write_text(
        CONFIG.replace("port = 0", f"port = {gateway.port}").replace("[gateway]", "[gateway]\ndata_dir = 'x'")
    )
    done = ask("run", config)
    assert done.returncode == 1 and "in use" in done.stderr and "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told_with_its_keys(config, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(CONFIG.replace("port = 0", f"port = {port}"))
        done = ask("run", config)
    assert done.returncode == 1
    assert (
        f"server.host, server.port: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    )


def test_status_before_the_first_run_says_so(config):
    done = ask("status", config)
    assert done.returncode == 0 and "the gateway has not run with this configuration" in done.stdout
