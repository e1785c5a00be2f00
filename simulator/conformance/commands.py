"""`fleet-sim conform`. Parses, calls, prints; decides nothing."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Final, NoReturn

import typer

from ..fleet.scenario import EDITIONS
from .kit import Kit, Verdict

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 3
EDITIONS_TEXT: Final = ", ".join(map(str, EDITIONS))


def conform(
    *,
    host: Annotated[str, typer.Option(help="where the platform listens")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7808,
    edition: Annotated[int, typer.Option(help=f"that the terminal speaks: {EDITIONS_TEXT}")] = 2019,
    phone: Annotated[
        str, typer.Option(help="of a terminal that it may register, at most 12 digits")
    ] = "19800000808",
    plate: Annotated[str, typer.Option(help="of its vehicle")] = "云A80808",
    wait: Annotated[float, typer.Option(min=0.1, max=60, help="seconds for each answer")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Ask any JT/T 808 platform question by question, and hold its answers against the standard.

    It registers a terminal there. A platform that lets in known terminals only must know this one.
    """
    if edition not in EDITIONS:
        _fail(f"--edition {edition}: one of {EDITIONS_TEXT}", EXIT_USAGE)
    if not (phone.isdecimal() and len(phone) <= 12):
        _fail(f"--phone {phone}: at most 12 digits", EXIT_USAGE)
    verdicts = list[Verdict]()
    try:
        for verdict in Kit((host, port), phone, plate, edition, wait).run():
            verdicts.append(verdict)
            if not as_json:
                print(
                    f"{'FAILED' if verdict.reason else 'ok':<7} {verdict.check}"
                    + (f": {verdict.reason}" if verdict.reason else ""),
                    flush=True,
                )
    except OSError as error:
        _fail(f"no platform at {host}:{port} ({error})", EXIT_UNREACHABLE)
    failed = sum(bool(verdict.reason) for verdict in verdicts)
    if as_json:
        print(
            json.dumps(
                {"edition": edition, "ok": not failed, "checks": [each._asdict() for each in verdicts]},
                ensure_ascii=False,
            )
        )
    else:
        print(f"{len(verdicts) - failed} of {len(verdicts)} as the standard wants it, edition {edition}")
    raise typer.Exit(EXIT_FAILED if failed else 0)


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)
