"""Checks of this machine: disk, ports, clock, limits, what is built and installed."""

import errno
import importlib
import os
import resource
import shutil
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ..config import Config
from ..control import is_running
from .brokers import broker_findings
from .certificates import certificate_findings
from .envelopes import envelope_findings
from .finding import GOOD, POOR, WRONG, Finding

FREE_BYTES: Final = 1 << 30
FSYNCS: Final = 20
FSYNC_POOR_MS: Final = 20.0  # a commit each: 50 groups a second still, but every answer waits for it
CLOCK_SANE_S: Final = 1_735_689_600.0  # 2025-01-01
FILES_BESIDE: Final = 64
MEMORY_FILE_SYSTEMS: Final = ("tmpfs", "ramfs")


def examine(config: Config) -> Iterator[Finding]:
    """Every finding, in the order in which things are needed."""
    checks: tuple[Callable[[Config], Iterator[Finding]], ...] = (
        _folder, _disk, _fsync, _ports, _clock, _files, _built, _installed, _exposed, certificate_findings,
        broker_findings, envelope_findings,
    )  # fmt: skip
    for check in checks:
        yield from check(config)


def _folder(config: Config) -> Iterator[Finding]:
    folder = config.data_dir
    existing = next((each for each in (folder, *folder.absolute().parents) if each.exists()), Path("/"))
    if not existing.is_dir():
        yield Finding(WRONG, "data folder", f"{existing} is no folder", "gateway.data_dir: name another")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            WRONG, "data folder", f"{existing} cannot be written by this user",
            "gateway.data_dir: give it to the user of the service",
        )  # fmt: skip
    else:
        yield Finding(GOOD, "data folder", f"{folder}" + ("" if folder.exists() else " (will be made)"))
        kind = _file_system(existing)
        if kind in MEMORY_FILE_SYSTEMS:
            yield Finding(
                WRONG, "data folder", f"{existing} is {kind}: gone after a power cut",
                "gateway.data_dir: put it on a disk",
            )  # fmt: skip


def _disk(config: Config) -> Iterator[Finding]:
    existing = _existing(config.data_dir)
    free = shutil.disk_usage(existing).free
    wanted = config.journal.max_bytes
    if free < FREE_BYTES:
        yield Finding(
            WRONG, "disk", f"{free >> 20} MiB free under {existing}", "make room, or move gateway.data_dir"
        )
    elif free < wanted:
        yield Finding(
            POOR, "disk", f"{free >> 20} MiB free, the journal may grow to {wanted >> 20} MiB",
            "lower journal.max_bytes or make room: a full disk refuses reports later than a full journal",
        )  # fmt: skip
    else:
        yield Finding(GOOD, "disk", f"{free >> 30} GiB free, the journal takes {wanted >> 30} at most")


def _fsync(config: Config) -> Iterator[Finding]:
    """How long the disk takes to make sure: every answer waits for it."""
    probe = _existing(config.data_dir) / f".doctor-{os.getpid()}"
    times_ms = []
    try:
        with probe.open("wb") as file:
            for _ in range(FSYNCS):
                file.write(bytes(4096))
                file.flush()
                begun = time.perf_counter()
                os.fsync(file.fileno())
                times_ms.append((time.perf_counter() - begun) * 1000)
    except OSError as error:
        yield Finding(WRONG, "fsync", f"the disk refuses: {error.strerror}", "gateway.data_dir")
        return
    finally:
        probe.unlink(missing_ok=True)
    middle, worst = statistics.median(times_ms), max(times_ms)
    text = f"{middle:.2f} ms, the slowest of {FSYNCS} {worst:.2f} ms"
    if middle > FSYNC_POOR_MS:
        yield Finding(POOR, "fsync", text, "answers wait that long; a better disk answers sooner")
    elif middle < 0.02:
        yield Finding(
            POOR, "fsync", f"{text}: too fast for a real disk",
            "this disk may lie about power cuts (a virtual one, a cache without battery): ask who runs it",
        )  # fmt: skip
    else:
        yield Finding(GOOD, "fsync", text)


def _ports(config: Config) -> Iterator[Finding]:
    wanted = [("server", config.server.host, config.server.port)]
    wanted += [
        (key, section.host, section.port)
        for key, section in (("api", config.api), ("metrics", config.metrics))
        if section.enabled
    ]
    running = is_running(config.control_path)
    for key, host, port in wanted:
        problem = _listening_problem(host, port) if port else 0
        if not problem:
            yield Finding(GOOD, f"{key} port", f"{host}:{port} is free")
        elif problem == errno.EADDRINUSE and running:
            yield Finding(GOOD, f"{key} port", f"{host}:{port} is held by the running gateway")
        else:
            yield Finding(
                WRONG, f"{key} port", f"{host}:{port}: {os.strerror(problem)}", f"{key}.host, {key}.port"
            )


def _clock(config: Config) -> Iterator[Finding]:
    del config
    if time.time() < CLOCK_SANE_S:
        yield Finding(
            WRONG,
            "clock",
            f"it is {time.strftime('%Y-%m-%d %H:%M')} here",
            "set the clock, run NTP or chrony",
        )
    else:
        yield Finding(GOOD, "clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def _files(config: Config) -> Iterator[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.server.max_connections + FILES_BESIDE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        yield Finding(
            POOR, "open files", f"{hard} are allowed, {wanted} may be wanted",
            "LimitNOFILE= in the unit, or lower server.max_connections",
        )  # fmt: skip
    else:
        yield Finding(GOOD, "open files", f"{wanted} may be wanted and are allowed")


def _built(config: Config) -> Iterator[Finding]:
    del config
    for module, what in (
        ("protocols.wire._accelerator", "frame splitter in C"),
        ("edge_gateway._hotpath", "session's hot path in C"),
        ("uvloop", "uvloop"),
    ):
        if os.environ.get("DIANYUN_PURE") == "1" and module != "uvloop":
            yield Finding(POOR, "accelerator", f"{what}: switched off", "unset DIANYUN_PURE")
        elif _is_there(module):
            yield Finding(GOOD, "accelerator", what)
        else:
            yield Finding(
                POOR, "accelerator", f"{what} is not there: everything works, slower",
                "install where a C compiler is",
            )  # fmt: skip


def _installed(config: Config) -> Iterator[Finding]:
    del config
    found = [name for name in ("gmssl_pyx", "cryptography", "gmssl") if _is_there(name)]
    if found:
        yield Finding(GOOD, "cryptography", f"SM2, SM3, SM4 by {', '.join(found)}")
    else:
        yield Finding(WRONG, "cryptography", "none is installed", "pip install dianyun-edge[guomi]")


def _exposed(config: Config) -> Iterator[Finding]:
    api = config.api
    loopback = api.host in ("localhost", "::1") or api.host.startswith("127.")
    if api.enabled and not loopback and not api.certificate_file:
        yield Finding(
            POOR, "api", f"{api.host} is no loopback and tokens travel in the clear",
            "api.certificate_file, api.key_file, or a proxy with TLS before it",
        )  # fmt: skip


def _listening_problem(host: str, port: int) -> int:
    try:
        with socket.create_server((host, port)):
            return 0
    except OSError as error:
        return error.errno if error.errno and error.errno > 0 else errno.EADDRNOTAVAIL


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def _file_system(folder: Path) -> str:
    """Its kind as the kernel names it; empty where there is no /proc."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    except OSError:
        return ""
    where, best, kind = str(folder.resolve()), "", ""
    for line in mounts:
        _, point, name, *_ = line.split()
        if len(point) >= len(best) and (where == point or where.startswith(point.rstrip("/") + "/")):
            best, kind = point, name
    return kind


def _is_there(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
