"""Why somebody wants to see personal data: it is masked unless there is a purpose, which is written down."""

import getpass
import time
from typing import Annotated

import typer

from protocols.freight.consent import BASES, Purpose

from ..commands import StoreError
from ..commands.store import Audit, Store
from ..config import Config
from .common import WRONG, fail

PURPOSES = {purpose.name.lower(): purpose for purpose in Purpose}
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Names, numbers, texts and bytes in full; needs --purpose.")
]
PurposeName = Annotated[str, typer.Option("--purpose", help=f"Why: {' | '.join(PURPOSES)}.")]


def check(unmasked: bool, purpose: str) -> None:
    """Ends the command when it asks for more than it says a purpose for."""
    if purpose and purpose not in PURPOSES:
        fail(f"--purpose: {purpose!r} is none of {', '.join(PURPOSES)}", WRONG)
    if unmasked and not purpose:
        fail("--unmasked: personal data leaves with a purpose only: say --purpose", WRONG)


def note(config: Config, what: str, whose: str, *, unmasked: bool, purpose: str, more: str = "") -> None:
    """Writes the audit line, on the disk before anything is shown; ends the command when that fails.

    whose: masked already. more: what else there is to tell, without any value.
    """
    said = "unmasked" if unmasked else "masked"
    if purpose:
        said += f"; {PURPOSES[purpose].value}; {BASES[PURPOSES[purpose]].value}"
    said += f"; {more}" if more else ""
    line = Audit(time.time_ns() // 1_000_000, f"cli:{_user()}", what, whose, said)
    outcome: list[Exception | None] = []
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = Store(config.commands_path)
        store.note(line, outcome.append)
        store.close()
    except (StoreError, OSError) as error:
        outcome = [error]
    if outcome != [None]:
        fail(f"{what}: its audit line cannot be written, so nothing is shown: {outcome[:1]}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
