"""The tools as a user runs them, beside a running gateway and without one."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from edge_gateway.folder import locked
from edge_gateway.journal import Journal, Origin
from tests.gateway.support import DEADLINE_S, body_of, report, store, wait_for
from tests.gateway.test_cli import COMMAND, CONFIG, Process, ask
from tests.gateway.test_server import Truck

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def gateway(config):
    process = Process(config)
    yield process
    if process.child.poll() is None:
        process.end(signal.SIGKILL)


def said(*arguments):
    """What the command line says to them, without a process."""
    return CliRunner().invoke(app, list(map(str, arguments)))


def filled(process, count):
    truck = Truck(process.port).log_in()
    for number in range(1, count + 1):
        truck.send(0x0200, body_of(number), number)
        assert truck.hear().result == 0
    return truck


def test_frames_are_followed_live_both_ways(gateway, config):
    truck = Truck(gateway.port).log_in()
    phone = truck.phone.hex()
    following = subprocess.Popen(
        [*COMMAND, "frames", str(config), phone, "--follow", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        seen = []
        end = time.monotonic() + DEADLINE_S
        serial = 100
        os.set_blocking(following.stdout.fileno(), False)
        while len(seen) < 4 and time.monotonic() < end:  # heartbeats until the follower is there
            serial += 1
            truck.send(0x0002, b"", serial)
            assert truck.hear().result == 0
            seen += [json.loads(line) for line in following.stdout.readlines()]
            time.sleep(0.01)
        assert [line["way"] for line in seen[:4]] == ["up", "down", "up", "down"]
        assert (seen[0]["message"], seen[1]["message"]) == ("TerminalHeartbeat", "PlatformGeneralResponse")
        assert seen[1]["body"]["reply_serial"] == seen[0]["serial"]
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(DEADLINE_S) == 0
        following.stdout.close()
    assert "no terminal '999'" in ask("frames", config, "999").stderr


def test_questions_without_a_gateway(config):
    done = ask("frames", config, "1")
    assert done.returncode == 1 and "it does not run" in done.stderr
    assert ask("terminals", config, "--json").stdout.strip() == "[]"
    done = ask("terminals", config, "--online")
    assert done.returncode == 1 and "does not run" in done.stderr
    for command in ("ls", "export"):
        done = ask("journal", command, config)
        assert done.returncode == 1 and "has not run" in done.stderr


def test_other_users_of_the_machine_read_nothing_whatever_the_folder_allows(config, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert ask("token", "create", config, "early", "--scope", "stats:read").returncode == 0
    process = Process(config)
    try:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {"journal.db", "registry.db", "commands.db", "media.db"} <= {path.name for path in files}
        assert [path for path in files if path.stat().st_mode & 0o007] == []
    finally:
        process.end(signal.SIGTERM)


def test_status_tells_running_or_not_and_lists_few_terminals(gateway, config):
    truck = filled(gateway, 2)
    said = ask("status", config).stdout
    assert said.startswith(f"running, pid {gateway.child.pid}") and "1 of 1 terminals online" in said
    truck.close()
    gateway.end()
    said = ask("status", config, "--limit", "0").stdout
    assert said.startswith("not running\n") and "queued 2" in said and "13800138000" not in said
    assert "13800138000" in ask("terminals", config).stdout


@pytest.mark.slow
def test_the_journal_is_listed_exported_and_given_up(gateway, config):
    filled(gateway, 5)
    kept = json.loads(ask("journal", "ls", config, "--json").stdout)
    assert (kept["first"], kept["last"]) == (1, 5) and kept["received_from"] <= kept["received_to"]
    lines = [json.loads(line) for line in ask("journal", "export", config).stdout.splitlines()]
    assert len(lines) == 5
    some = ask("journal", "export", config, "--after", 1, "--through", 4, "--limit", 2).stdout
    assert [json.loads(line) for line in some.splitlines()] == lines[1:3]
    assert ask("journal", "export", config, "--terminal", "1").stdout == ""
    done = ask("journal", "purge", config, "--through", 3, "--yes")
    assert done.returncode == 1 and "stop the gateway first" in done.stderr
    gateway.end()
    done = ask("journal", "purge", config, "--through", 3)
    assert done.returncode == 2 and "3 records, up to 3, are given up" in done.stdout
    assert json.loads(ask("status", config, "--json").stdout)["queued"] == 5
    assert ask("journal", "purge", config, "--through", 3, "--yes").returncode == 0
    totals = json.loads(ask("status", config, "--json").stdout)
    assert totals["queued"] == 2 and totals["destinations"][""]["lost"] == 3
    done = ask("journal", "purge", config, "--through", 3, "--destination", "x", "--yes")
    assert done.returncode == 2 and "'x' is not configured" in done.stderr


def test_what_is_kept_is_delivered_again(config):
    (config.parent / "data").mkdir()
    journal = Journal(config.parent / "data" / "journal.db")
    store(journal, Origin("013800138000", 2013), [report(number) for number in range(5)])  # one group
    journal.confirm(2)
    journal.close()
    done = ask("journal", "replay", config, "--after", 0)
    assert done.returncode == 2 and "say --yes" in done.stderr
    assert json.loads(ask("status", config, "--json").stdout)["queued"] == 3
    done = ask("journal", "replay", config, "--after", 1, "--yes")
    assert done.returncode == 0 and "1 records, 2 to 2, are delivered again" in done.stdout
    assert json.loads(ask("status", config, "--json").stdout)["queued"] == 4
    assert ask("journal", "replay", config, "--after", 4, "--yes").returncode == 1  # not delivered yet
    with locked(config.parent / "data"):
        assert "stop the gateway first" in ask("journal", "replay", config, "--after", 0, "--yes").stderr


def test_journals_of_every_worker_and_of_former_ones_in_one_command(config):
    """Two workers, and what a single process left. In this process: nine starts of a program take long."""
    config.write_text(CONFIG.replace("port = 0", "port = 0\nworkers = 2", 1))
    names = {"main": "", "worker-0": "worker-0", "worker-1": "worker-1"}
    for count, folder in enumerate(names.values(), 1):
        path = config.parent / "data" / folder
        path.mkdir(parents=True, exist_ok=True)
        journal = Journal(path / "journal.db")
        store(journal, Origin("013800138000", 2013), [report(number) for number in range(count)])
        journal.confirm(1)
        journal.close()
    kept = json.loads(said("journal", "ls", config, "--json").stdout)["journals"]
    assert [(each["journal"], each["last"]) for each in kept] == [
        ("worker-0", 2), ("worker-1", 3), ("main", None),
    ]  # fmt: skip
    one = json.loads(said("journal", "ls", config, "--journal", "worker-1", "--json").stdout)
    assert one["journal"] == "worker-1" and one["last"] == 3
    lines = [json.loads(line) for line in said("journal", "export", config).stdout.splitlines()]
    assert [line["journal"] for line in lines] == ["worker-0"] * 2 + ["worker-1"] * 3
    done = said("journal", "replay", config, "--after", 0)
    assert done.exit_code == 2 and "worker-1: 1 records, 1 to 1, are delivered again" in done.stdout
    assert "main: nothing is kept" in done.stderr
    done = said("journal", "purge", config, "--through", 2, "--journal", "worker-1", "--yes")
    assert done.exit_code == 0 and done.stdout == "1 records, up to 2, are given up\n"
    assert said("journal", "replay", config, "--after", 0, "--yes").exit_code == 0
    totals = json.loads(said("status", config, "--json").stdout)
    assert totals["queued"] == 2 + 3
    wrong = said("journal", "ls", config, "--journal", "worker-7")
    assert wrong.exit_code == 2 and "known: worker-0, worker-1, main" in wrong.stderr
    with locked(config.parent / "data" / "worker-1"):
        assert "stop the gateway first" in said("journal", "replay", config, "--after", 0, "--yes").stderr


def test_the_doctor_names_what_is_wrong_and_the_key(config):
    good = ask("doctor", config, "--json")
    findings = json.loads(good.stdout)
    assert good.returncode == 0 and {each["verdict"] for each in findings} <= {"good", "poor"}
    assert {"fsync", "disk", "clock", "open files", "cryptography"} <= {each["topic"] for each in findings}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(
            f"[server]\nport = {port}\n[mqtt]\nhost = 'no-such-host.invalid'\n[gateway]\ndata_dir = 'd'\n"
        )
        done = ask("doctor", config)
    assert done.returncode == 1
    assert (
        f"127.0.0.1:{port}: Address already in use" in done.stdout
        and "server.host, server.port" in done.stdout
    )
    assert "no-such-host.invalid: the name is unknown" in done.stdout and "mqtt.host" in done.stdout


def test_the_doctor_tells_a_port_that_is_no_broker(config):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config.write_text(f"[server]\nport = 0\n[mqtt]\nport = {port}\n")
        done = ask("doctor", config)
    assert done.returncode == 1 and "takes connections" in done.stdout
    assert "does not answer CONNECT" in done.stdout and "mqtt.port" in done.stdout


def test_config_show_with_origins(config):
    rows = {row["key"]: row for row in json.loads(ask("config", "show", config, "--origin", "--json").stdout)}
    assert rows["gateway.id"] == {"key": "gateway.id", "value": "test", "origin": f"{config}:3"}
    assert rows["server.host"]["origin"] == "default"
    assert ask("config", "check", config).stdout.strip().endswith("good")


def test_tokens_are_made_listed_and_revoked(config):
    made = ask("token", "create", config, "ops", "--scope", "stats:read", "--days", "1")
    assert made.stdout.startswith("dye_ops_")
    assert ask("token", "create", config, "ops", "--scope", "stats:read").returncode == 2
    wrong = ask("token", "create", config, "x", "--scope", "everything")
    assert wrong.returncode == 2 and "commands:write" in wrong.stderr
    assert ask("token", "create", config, "two", "--scope", "stats:read,media:read").returncode == 0
    assert ask("token", "revoke", config, "two").returncode == 0
    row, two = json.loads(ask("token", "list", config, "--json").stdout)
    assert two["scopes"] == ["media:read", "stats:read"]
    assert row["scopes"] == ["stats:read"] and row["not_after"] and not row["revoked_at"]
    assert ask("token", "revoke", config, "ops").returncode == 0
    assert ask("token", "revoke", config, "ops").returncode == 1


def test_sighup_takes_over_what_can_be_and_names_the_rest(gateway, config):
    config.write_text(
        CONFIG.replace("port = 0", "port = 1").replace("[log]", '[registration]\nmode = "closed"\n[log]')
    )
    gateway.child.send_signal(signal.SIGHUP)
    log = config.parent / "log"

    def told(word):
        return [json.loads(line) for line in log.read_text().splitlines() if word in line]

    wait_for(lambda: told("configuration reloaded"))
    assert told("configuration reloaded")[0]["needs_a_restart"] == "server.port"
    from tests.gateway.test_session import registration

    truck = Truck(gateway.port)
    truck.send(0x0100, registration(2013), 1)
    assert truck.hear().result == 4  # the list is closed now
    config.write_text("[server]\nprot = 1")
    gateway.child.send_signal(signal.SIGHUP)
    wait_for(lambda: told("left as it is"))
    assert "server.prot" in told("left as it is")[0]["message"]


def test_pending_terminals_wait_for_approval(config):
    config.write_text(CONFIG.replace("[log]", '[registration]\nmode = "pending"\n[log]'))
    process = Process(config)
    try:
        from tests.gateway.test_session import registration

        truck = Truck(process.port)
        truck.send(0x0100, registration(2013), 1)
        assert truck.hear().result == 4
        (row,) = json.loads(ask("terminals", config, "--json").stdout)
        assert (row["status"], row["plate"]) == ("pending", row["plate"])
    finally:
        process.end()
    from edge_gateway.registry import APPROVED, Registry

    registry = Registry(config.parent / "data" / "registry.db", mode="pending")
    registry.enlist("13800138000", APPROVED, "", "", lambda written: None)
    registry.close()
    process = Process(config)
    try:
        Truck(process.port).log_in()
    finally:
        process.end()


def test_systemd_is_told(config):
    name = str(config.parent / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(DEADLINE_S)
        environment = {**os.environ, "NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000000"}
        child = subprocess.Popen(
            [*COMMAND, "run", str(config)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(1000).startswith(b"READY=1\nSTATUS=listening on 127.0.0.1:")
            assert manager.recv(1000) == b"WATCHDOG=1"
            child.send_signal(signal.SIGTERM)
            while (said := manager.recv(1000)) != b"STOPPING=1":
                assert said == b"WATCHDOG=1"
        finally:
            child.wait(DEADLINE_S)
    assert child.returncode == 0
