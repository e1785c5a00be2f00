"""A new configuration in a running gateway: what is in force at once, what waits, what is left as it was."""

import asyncio
import signal
import ssl
from pathlib import Path

import pytest

from edge_gateway import config_file
from edge_gateway.control import ask as control_ask
from edge_gateway.reload import NeedsRestartError, Part, Reloader
from simulator.authority.service import Authority
from simulator.broker import Broker
from tests.gateway.support import body_of, wait_for
from tests.gateway.test_cli import CONFIG, Process, ask
from tests.gateway.test_server import Truck
from tests.gateway.test_session import registration
from tests.gateway.test_transports import make_certificate, tls_truck

LOGIN = "authorization {{ users: [ {{user: gw, password: {}}}, {{user: authority, password: s}} ] }}\n"
LOGIN += "no_auth_user: authority"


def parsed(text, folder=Path()):
    path = folder / "gateway.toml"
    path.write_text(text)
    return config_file.load(path, {})


class Recorder:
    """A part that notes what it is given, or cannot take it."""

    def __init__(self, *keys, error=None):
        self.part = Part(keys, self._take)
        self.error = error
        self.given = []

    async def _take(self, config):
        if self.error:
            raise self.error
        self.given.append(config)


def taken(reloader, config):
    return asyncio.run(reloader.take(config))


def test_each_part_is_asked_once_and_the_rest_waits(tmp_path):
    log, limits = Recorder("log."), Recorder("server.strikes")
    reloader = Reloader(parsed("", tmp_path), [log.part, limits.part])
    text = '[log]\nlevel = "error"\nformat = "json"\n[server]\nport = 1\nstrikes = 9\n'
    outcome = taken(reloader, parsed(text, tmp_path))
    assert outcome == (["log.format", "log.level", "server.strikes"], ["server.port"], [])
    assert len(log.given) == len(limits.given) == 1
    # A part never sees what waits for a restart.
    assert (limits.given[0].server.strikes, limits.given[0].server.port) == (9, 7808)
    assert taken(reloader, parsed(text, tmp_path)) == ([], ["server.port"], [])
    assert taken(reloader, parsed("", tmp_path)).taken == ["log.format", "log.level", "server.strikes"]


def test_what_a_part_cannot_use_is_as_it_was_and_is_tried_again(tmp_path):
    bad = Recorder("tls.certificate_file", error=OSError("tls.certificate_file: no"))
    waits = Recorder("mqtt.", error=NeedsRestartError())
    also = Recorder("mqtt.", "log.")
    reloader = Reloader(parsed("", tmp_path), [bad.part, waits.part, also.part])
    (tmp_path / "a.pem").write_text("x")
    new = parsed('[tls]\ncertificate_file = "a.pem"\n[mqtt]\nport = 2\n[log]\nlevel="error"\n', tmp_path)
    for _ in range(2):
        outcome = taken(reloader, new)
        assert (outcome.restart, outcome.problems) == (["mqtt.port"], ["tls.certificate_file: no"])
        assert reloader.config.tls.certificate_file == "" and reloader.config.mqtt.port == 1883
    assert outcome.taken == [] and reloader.config.log.level == "error"


def test_files_are_compared_by_content_and_destinations_as_one(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "p").write_text("1")
    text = (
        '[sessions]\nprofiles_dir = "profiles"\n'
        '[[destination]]\nname = "a"\nusername = "u"\npassword_file = "p"\n'
    )
    every = Recorder("destination", "sessions.profiles_dir")
    reloader = Reloader(parsed(text, tmp_path), [every.part])
    assert taken(reloader, parsed(text, tmp_path)) == ([], [], [])
    (tmp_path / "p").write_text("2")
    assert taken(reloader, parsed(text, tmp_path)).taken == ["destination"]
    (tmp_path / "profiles" / "x.toml").write_text('maker = "M"\nmodel = "N"\n')
    assert taken(reloader, parsed(text, tmp_path)).taken == ["sessions.profiles_dir"]


@pytest.mark.parametrize(
    "workers", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.soak)]
)
def test_a_new_certificate_password_and_mode_without_a_restart(tmp_path, workers):
    """The terminal that is connected stays connected through all of it."""
    (files, _), (others, _) = (make_certificate(tmp_path, name) for name in ("one", "two"))
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    password, config = tmp_path / "password", tmp_path / "gateway.toml"
    for name, target in zip(files, (certificate, key), strict=True):
        target.write_bytes(Path(name).read_bytes())
    password.write_text("old")
    with Broker(tmp_path / "broker", extra=LOGIN.format("new")) as broker:
        text = (
            CONFIG.replace("enabled = false", f'port = {broker.port}\nusername = "gw"\n{{}}').replace(
                "[server]\nport = 0", f"[server]\nport = 0\nworkers = {workers}"
            )
            + '[tls]\nenabled = true\nport = 0\ncertificate_file = "c.pem"\nkey_file = "k.pem"\n'
        )
        config.write_text(text.format('password_file = "password"'))
        process = Process(config)
        try:
            truck = Truck(process.port).log_in()
            truck.send(0x0200, body_of(1), 3)
            assert truck.hear().result == 0
            control = tmp_path / "data" / "control.sock"
            assert control_ask(control, "reload") == {"taken": [], "restart": [], "problems": []}
            for name, target in zip(others, (certificate, key), strict=True):
                target.write_bytes(Path(name).read_bytes())
            password.write_text("new")
            more = '[registration]\nmode = "closed"\n[udp]\nenabled = true\nport = 0\n'
            config.write_text(text.format('password_file = "password"') + more)
            with Authority("127.0.0.1", broker.port, tmp_path / "a.db") as authority:
                assert authority.wait_until_ready(20)
                said = control_ask(control, "reload")
                assert said["taken"] == [
                    "mqtt.password_file", "registration.mode", "tls.certificate_file", "tls.key_file",
                ]  # fmt: skip
                assert (said["restart"], said["problems"]) == (["udp.enabled", "udp.port"], [])
                wait_for(lambda: control_ask(control, "status")["journal"]["queued"] == 0)
            with pytest.raises(ssl.SSLError):
                tls_truck(process.ready["tls_port"], files[0])
            tls_truck(process.ready["tls_port"], others[0]).close()
            stranger = Truck(process.port, 2019)
            stranger.phone = bytes.fromhex("00000000013811111111")
            stranger.send(0x0100, registration(2019), 1)
            assert stranger.hear().result == 4, "the list is closed now"
            certificate.write_text("no certificate")
            done = ask("reload", config)
            assert done.returncode == 1 and "tls.certificate_file" in done.stderr
            tls_truck(process.ready["tls_port"], others[0]).close()
            truck.send(0x0200, body_of(2), 4)
            assert truck.hear().result == 0, "it was connected all the time"
            config.write_text("[server]\nprot = 1")
            process.child.send_signal(signal.SIGHUP)
            log = tmp_path / "log"
            wait_for(lambda: "left as it is: server.prot" in log.read_text())
        finally:
            assert process.end() == 0
