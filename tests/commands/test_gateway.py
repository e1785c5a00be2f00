"""Commands through a real gateway: three editions on one port, a takeover in the middle, kill -9."""

import contextlib
import json
import signal

import httpx
import pytest

from tests.gateway.support import wait_for
from tests.gateway.test_cli import CONFIG, Process, ask
from tests.gateway.test_server import Truck
from tests.gateway.test_session_messages import DRIVER_2011

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

WITH_API = CONFIG + "\n[api]\nenabled = true\nport = 0\n[metrics]\nenabled = true\nport = 0\n"


@pytest.fixture
def gateway(tmp_path):
    """Starts gateways over one folder; each has `http` with a token of every scope."""
    config = tmp_path / "gateway.toml"
    config.write_text(WITH_API)
    scopes = "commands:read,commands:write,registry:read,registry:write,stats:read"
    made = ask("token", "create", config, "tester", *[f"--scope={scope}" for scope in scopes.split(",")])
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip().splitlines()[-1]
    with contextlib.ExitStack() as stack:

        def start():
            process = Process(config)
            stack.callback(lambda: process.child.poll() is None and process.end(signal.SIGKILL))
            process.http = stack.enter_context(
                httpx.Client(
                    base_url=f"http://127.0.0.1:{process.ready['api_port']}/api/v1",
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=30,
                )
            )
            return process

        yield start


def order(process, truck, **more):
    identity = truck.phone.hex().lstrip("0")
    asked = {
        "terminal": identity,
        "message": "TextMessage",
        "body": {"flag": ["display"], "text": "ABC"},
        **more,
    }
    answer = process.http.post("/commands", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def confirm(truck, heard, result=0):
    """The terminal's 0x0001 to a message of ours."""
    serial = heard.header.serial.to_bytes(2, "big")
    truck.send(0x0001, serial + heard.id.to_bytes(2, "big") + bytes([result]), 77)


def state(process, number, wait_s=20):
    return process.http.get(f"/commands/{number}", params={"wait_s": wait_s}).json()


def test_commands_to_three_editions_on_one_port(gateway):
    process = gateway()
    for edition, body in ((2011, "04414243"), (2013, "04414243"), (2019, "0401414243")):
        truck = Truck(process.port, edition).log_in()
        text = {"flag": ["display"], "text": "ABC"} | ({"type": "notice"} if edition == 2019 else {})
        number = order(process, truck, body=text)
        heard = truck.hear()
        assert (heard.id, heard.body.hex()) == (0x8300, body)
        confirm(truck, heard)
        done = state(process, number)
        assert (done["state"], done["result"], done["attempts"]) == ("acknowledged", "ok", 1)
        truck.socket.close()


def test_an_answer_of_its_own_by_its_serial(gateway):
    process = gateway()
    truck = Truck(process.port).log_in()
    number = order(process, truck, message="ListedParameterQuery", body={"count": 1, "ids": [1]})
    heard = truck.hear()
    truck.send(0x0104, heard.header.serial.to_bytes(2, "big") + bytes.fromhex("01000000010400000014"), 9)
    done = state(process, number)
    assert done["state"] == "answered" and done["answer"]["message"] == "ParameterQueryResponse"
    (parameter,) = done["answer"]["body"]["parameters"]
    assert parameter["value"] == 20


def test_a_takeover_in_the_middle_of_a_command(gateway):
    process = gateway()
    first = Truck(process.port).log_in()
    number = order(process, first)
    assert first.hear().id == 0x8300
    second = Truck(process.port).log_in(first.code)
    heard = second.hear()
    assert heard.id == 0x8300 and first.hear() is None
    confirm(second, heard)
    done = state(process, number)
    assert (done["state"], done["attempts"]) == ("acknowledged", 2)


def test_a_command_survives_kill_9_before_and_after_it_was_sent(gateway):
    process = gateway()
    truck = Truck(process.port).log_in()
    sent = order(process, truck)
    waiting = order(process, truck, message="CallBack", body={"hex": "00" + "31" * 5})
    assert truck.hear().id == 0x8300
    process.end(signal.SIGKILL)
    process = gateway()
    assert state(process, sent, 0)["state"] == state(process, waiting, 0)["state"] == "queued"
    truck = Truck(process.port).log_in(truck.code)
    for number, message_id in ((sent, 0x8300), (waiting, 0x8400)):
        heard = truck.hear()
        assert heard.id == message_id
        confirm(truck, heard)
        assert state(process, number)["state"] == "acknowledged"
    what = [line["what"] for line in process.http.get("/audit").json()]
    assert what.count("command acknowledged") == 2 and "command TextMessage" in what


def test_a_retransmission_keeps_its_serial(gateway, tmp_path):
    (tmp_path / "gateway.toml").write_text(WITH_API + "[commands]\nresponse_timeout_s = 0.1\n")
    process = gateway()
    truck = Truck(process.port).log_in()
    number = order(process, truck)
    heard = [truck.hear() for _ in range(3)]
    assert len({(each.header.serial, each.body) for each in heard}) == 1
    confirm(truck, heard[0])
    assert state(process, number)["state"] == "acknowledged"


def test_revoked_codes_end_the_connection_and_status_asks_the_running_gateway(gateway, tmp_path):
    process = gateway()
    truck = Truck(process.port).log_in()
    identity = truck.phone.hex().lstrip("0")
    config = tmp_path / "gateway.toml"
    live = json.loads(ask("terminals", config, "--json", "--online").stdout)
    assert [row["identity"] for row in live] == [identity] and live[0]["peer"].startswith("127.0.0.1:")
    assert process.http.delete(f"/terminals/{identity}/codes").status_code == 204
    assert truck.hear() is None
    assert process.http.get(f"/terminals/{identity}").json()["online"] is False


def test_metrics_health_and_readiness(gateway):
    process = gateway()
    truck = Truck(process.port).log_in()
    truck.send(0x0002, b"", 5)
    assert truck.hear().result == 0
    with httpx.Client(base_url=f"http://127.0.0.1:{process.ready['metrics_port']}", timeout=30) as client:
        assert client.get("/healthz").json() == {"alive": True, "problems": [], "warnings": []}
        assert client.get("/readyz").json() == {"ready": True, "problems": []}
        page = client.get("/metrics").text
    for line in (
        "edge_gateway_connections 1.0",
        'edge_gateway_frames_total{message_id="0002"} 1.0',
        'edge_gateway_terminals_online_by_edition{edition="2013"} 1.0',
        'edge_gateway_ack_latency_seconds_bucket{le="+Inf"} 0.0',
    ):
        assert line in page, page
    wait_for(lambda: process.http.get("/stats").json()["server"]["online"] == 1)


def test_what_a_terminal_turned_out_to_speak_is_known_to_the_desk_at_once(gateway):
    """Registered as 2013, it sends a driver's card as 2011 has it; 0x8702 is newer than that."""
    process = gateway()
    truck = Truck(process.port).log_in()
    identity = truck.phone.hex().lstrip("0")
    truck.send(0x0702, DRIVER_2011, 20)
    assert truck.hear().brief == (0x0702, 20, 0)
    assert process.http.get(f"/terminals/{identity}").json()["edition"] == 2011
    asked = {"terminal": identity, "message": 0x8702, "body": {}}
    refused = process.http.post("/commands", json=asked)
    assert refused.status_code == 422 and "2011" in refused.text
