"""The broker child: its ports, its data over kill -9, and that it never outlives its parent."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from simulator.broker import Broker, BrokerError, find_program, free_port
from simulator.children import Child
from tests.delivery.waiting import wait_for


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_keeps_its_port_over_kill_and_stop(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.start()
    port = broker.port
    for end in (broker.kill, broker.stop):
        end()
        assert not broker.running
        assert not listens(port)
        broker.start()
        assert broker.port == port
        assert listens(port)
    broker.stop()


def connect(port: int, name: str) -> tuple[mqtt.Client, list[bytes], list[object]]:
    received: list[bytes] = []
    subscribed: list[object] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    client.on_message = lambda *event: received.append(event[2].payload)
    client.on_subscribe = lambda *event: subscribed.append(event)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client, received, subscribed


def leave(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def test_what_it_acknowledged_for_a_durable_subscriber_survives_kill(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        client, _, subscribed = connect(broker.port, "reader")
        client.subscribe("a/#", qos=1)
        wait_for(lambda: subscribed, "SUBACK")
        leave(client)
        writer, _, _ = connect(broker.port, "writer")
        for number in range(50):
            writer.publish(f"a/{number}", str(number), qos=1).wait_for_publish(20)
        leave(writer)
        broker.kill()
        broker.start()
        client, received, _ = connect(broker.port, "reader")
        wait_for(lambda: len(received) >= 50, lambda: len(received))
        leave(client)
    assert [int(payload) for payload in received] == list(range(50))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken, pytest.raises(BrokerError, match="taken"):
        Broker(tmp_path, port=taken.getsockname()[1]).start()


def test_a_configuration_it_does_not_like_is_told_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="Parse error"):
        Broker(tmp_path, extra="nonsense: {").start()


def test_a_wrong_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_SERVER", "/nowhere/nats-server")
    with pytest.raises(BrokerError, match="NATS_SERVER"):
        find_program()


ORPHANS = """
import sys, time
from simulator.broker import Broker
broker = Broker(sys.argv[1])
broker.start()
print(broker.pid, broker.port, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Running, and not only waiting to be reaped by whatever is process 1 here."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_it_dies_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pid, port = map(int, parent.stdout.readline().split())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not alive(pid), "the broker's end")
    wait_for(lambda: not listens(port), "the port")


def test_a_child_that_ignores_sigterm_is_killed() -> None:
    stubborn = "import signal,time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    child = Child([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    assert child.process.stdout
    child.process.stdout.readline()
    assert child.stop(timeout_s=0.2) == -signal.SIGKILL
    assert not child.running
