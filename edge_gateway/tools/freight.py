"""`edge-gateway code verify`, `capacity`, `evidence export`: freight without a running gateway, from its
files."""

import json
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from protocols.driver_code.lists import ListError
from protocols.evidence import EvidenceError
from protocols.freight.capacity import Answer, verify
from protocols.freight.consent import Purpose
from protocols.freight.registers import SnapshotError
from protocols.guomi import choose

from ..commands import StoreError
from ..commands.store import Audit
from ..commands.store import Store as CommandStore
from ..config import Config
from ..freight import proof
from ..freight.book import Book
from ..freight.code_check import check_code
from ..freight.registers import Registers, content_of, presence_of, trust_of
from ..freight.scanning import ScanError, text_in
from ..freight.verdicts import question_of, verdict_as_json
from .common import WRONG, AsJson, ConfigPath, fail, load

code = typer.Typer(help="Driver codes.", no_args_is_help=True)
evidence = typer.Typer(help="Evidence of waybills and verdicts.", no_args_is_help=True)
CLI: Final = "command line"  # who stands in audit lines
_PICTURES: Final = (".png", ".jpg", ".jpeg")
File = Annotated[Path | None, typer.Option(dir_okay=False, exists=True)]


@code.command("verify")
def verify_code(
    *,
    symbol: Annotated[str, typer.Argument(metavar="IMAGE|TEXT", help="PNG or JPEG, or the scanned text.")],
    config: Annotated[Path | None, typer.Option(help="What a gateway of this file knows.")] = None,
    trust: File = None,
    revocations: File = None,
    presence: File = None,
    as_json: AsJson = False,
) -> None:
    """Is this driver code good now? By a gateway's lists (--config) or by files. Exit code 0 for yes, else
    1."""
    if config is None and trust is None:
        fail("say whom to trust: --config CONFIG, or --trust FILE and --revocations FILE", WRONG)
    text = _text_of(symbol)
    try:
        with closing(_book(load(config)) if config else Book(Path(":memory:"))) as book:
            registers = Registers(book, choose(), trust_of(_trust(config, trust)))
            if revocations is not None:
                registers.take_revocations(content_of(str(revocations)))
            with book.turn():
                for reference, key in presence_of(str(presence) if presence else "").items():
                    registers.add_presence(reference, key)
            checked = check_code(text, registers, int(time.time()))
    except (ListError, StoreError) as error:
        fail(str(error))
    shown = checked.as_json()
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for name, value in shown.items():
            typer.echo(f"{name:14} {value if value not in (None, '') else '-'}")
    raise typer.Exit(0 if checked.verdict.accepted else 1)


def capacity(
    *,
    config: ConfigPath,
    vehicle: Annotated[str, typer.Option(help="plate/colour, such as 云A12345/2.")],
    driver: Annotated[str, typer.Option(help="Identity number; - reads it from standard input.")],
    company: Annotated[str, typer.Option(help="Of the carrier; that of the vehicle when left out.")] = "",
    cargo: Annotated[str, typer.Option(help="Code of the cargo table.")] = "",
    weight_kg: Annotated[int | None, typer.Option(min=0)] = None,
    dangerous: bool = False,
) -> None:
    """May they carry this now (运力核验)? By the registers that the gateway keeps, offline. Exit code 0 for
    yes."""
    checked = load(config)
    asked = {
        "vehicle": vehicle,
        "driver": sys.stdin.readline().strip() if driver == "-" else driver,
        "company": company,
        "cargo": cargo,
        "weight_kg": weight_kg,
        "dangerous": dangerous,
    }
    try:
        with closing(_book(checked)) as book:
            registers = Registers(book, choose(), trust_of(checked.freight.trust_file))
            if checked.freight.snapshot_file:
                registers.take_snapshot(content_of(checked.freight.snapshot_file))
            verdict = verify(registers.snapshot, question_of(asked), int(time.time()))
    except (ListError, SnapshotError, StoreError) as error:
        fail(str(error))
    typer.echo(json.dumps(verdict_as_json(verdict), ensure_ascii=False))
    raise typer.Exit(0 if verdict.answer is Answer.YES else 1)


@evidence.command("export")
def export(
    *,
    config: ConfigPath,
    waybill: Annotated[str, typer.Argument(help="Its number, or number/serial, or capacity/ID.")],
    out: Annotated[Path | None, typer.Option(help="The file; standard output when left out.")] = None,
    opened: Annotated[bool, typer.Option(help="With the data behind the digests: personal data.")] = False,
) -> None:
    """One story as one file; `python -m protocols.evidence verify FILE` checks it anywhere. Leaves an audit
    line."""
    checked = load(config)
    subject = waybill if waybill.startswith("capacity/") else f"waybill/{waybill}"
    subject += "" if "/" in waybill else "/0000"
    try:
        with closing(_book(checked)) as book:
            bundle = proof.export(book, subject, opened)
        if bundle is None:
            fail(f"there is no evidence of {subject}")
        _note(checked, f"{subject}{', opened' if opened else ''}")
    except (EvidenceError, StoreError) as error:
        fail(str(error))
    if out is None:
        sys.stdout.buffer.write(bundle)
    else:
        out.write_bytes(bundle)
        typer.echo(f"{out}: {len(bundle)} bytes")


def _text_of(symbol: str) -> str:
    if not symbol.lower().endswith(_PICTURES):
        return symbol
    try:
        return text_in(Path(symbol).read_bytes())
    except (OSError, ScanError) as error:
        fail(f"{symbol}: {error}")


def _trust(config: Path | None, trust: Path | None) -> str:
    if trust is not None or config is None:
        return str(trust)
    return load(config).freight.trust_file


def _book(config: Config) -> Book:
    if not config.freight_path.exists():
        raise StoreError(f"there is no {config.freight_path}: has freight ever run here?")
    return Book(config.freight_path)


def _note(config: Config, detail: str) -> None:
    store = CommandStore(config.commands_path)
    store.note(Audit(int(time.time() * 1000), CLI, f"evidence for {Purpose.MONITORING.value}", "", detail))
    store.close()
