"""Checks of the line to each broker, step by step: its name, the port, TLS, the login, the subscription."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..config import Config
from ..delivery.link import Link, LinkError
from ..delivery.settings import Settings, settings_of
from .finding import GOOD, WRONG, Finding

CONNECT_S: Final = 5.0


def broker_findings(config: Config) -> Iterator[Finding]:
    """Of every destination; a step that fails ends its line, for the next ones need it."""
    if not config.mqtt.enabled and not config.destination:
        yield Finding(GOOD, "broker", "none: mqtt.enabled is false, reports stay in the journal")
        return
    for settings in settings_of(config):
        yield from _steps(settings)


def _steps(settings: Settings) -> Iterator[Finding]:
    key = f"destination {settings.name}" if settings.name else "mqtt"
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        yield Finding(
            WRONG, key, f"{settings.host}: the name is unknown ({error.strerror})", f"{key}.host, or DNS"
        )
        return
    yield Finding(GOOD, key, f"{settings.host} is {found[0][4][0]}")
    try:
        connection = socket.create_connection((settings.host, settings.port), CONNECT_S)
    except OSError as error:
        yield Finding(
            WRONG,
            key,
            f"{where}: {error.strerror or error}",
            f"{key}.port, a firewall, or the broker is down",
        )
        return
    with connection:
        yield Finding(GOOD, key, f"{where} takes connections")
        if settings.ca_file:
            finding = _tls(connection, settings.host, settings.ca_file, key)
            yield finding
            if finding.verdict == WRONG:
                return
    yield _login(settings, key)


def _tls(connection: socket.socket, host: str, ca_file: str, key: str) -> Finding:
    try:
        context = ssl.create_default_context(cafile=ca_file)
        with context.wrap_socket(connection, server_hostname=host) as secured:
            return Finding(GOOD, key, f"TLS: {secured.version()}, certificate good for {host}")
    except (OSError, ValueError) as error:
        return Finding(WRONG, key, f"TLS: {error}", f"{key}.ca_file, or the broker's certificate")


def _login(settings: Settings, key: str) -> Finding:
    """A clean session beside the gateway's own: what it has waiting is not touched."""
    if settings.password_file and not Path(settings.password_file).is_file():
        return Finding(WRONG, key, f"no file {settings.password_file}", f"{key}.password_file")
    link = Link(replace(settings, name="doctor", confirm="puback", envelope="plain"))
    wake, other = socket.socketpair()
    try:
        link.open()
        end_s = time.monotonic() + CONNECT_S
        while not link.ready and time.monotonic() < end_s:
            link.wait(wake, 0.1)
        if link.ready:
            return Finding(GOOD, key, "the broker takes our login")
        return Finding(WRONG, key, "the broker does not answer CONNECT", f"{key}.port: is it an MQTT port?")
    except LinkError as error:
        return Finding(WRONG, key, str(error), f"{key}.username, {key}.password_file, {key}.ca_file")
    finally:
        link.close()
        wake.close()
        other.close()
