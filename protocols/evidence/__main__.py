"""`python -m protocols.evidence verify FILE`: whether a bundle holds, on any machine.

A copy of `protocols` and Python are enough. With the gateway's public key (--key, --keys) every anchor must
be signed by it, and one must be there.

Exit code 0 when it holds, 1 when it does not, 2 when it could not be asked.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from .anchors import Anchor, decode_anchor
from .bundle import BYTES_MAX
from .canonical import EvidenceError
from .verify import Check, Report, verify_bundle


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        data = _bundle(Path(options.file))
        published = _anchors(options.anchors) if options.anchors else None
        keys = _given(options.key or ()) | _of_files(options.keys or ())
        check = _check(keys) if keys else None
        report = verify_bundle(data, check, published, signed=bool(keys))
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(report), ensure_ascii=False) if options.json else _words(report))
    return 0 if report.holds else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m protocols.evidence", description=__doc__)
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify", help="read a bundle again and name the first broken link")
    verify.add_argument("file", help="the bundle")
    verify.add_argument("--anchors", help="file of published anchors, one JSON object a line")
    verify.add_argument("--key", action="append", help="ID=HEX: the gateway's SM2 public key (x, y)")
    verify.add_argument("--keys", action="append", help="file of the gateway's public keys")
    verify.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


def _bundle(path: Path) -> bytes:
    """Raises OSError, ValueError for a file that nobody of ours wrote."""
    with path.open("rb") as file:
        data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise ValueError(f"{path}: more than {BYTES_MAX} bytes: no bundle")
    return data


def _anchors(path: str) -> list[Anchor]:
    lines = Path(path).read_bytes().splitlines()
    return [decode_anchor(line) for line in lines if line]


def _given(keys: Sequence[str]) -> dict[str, bytes]:
    """Id → public key, of the command line. Raises ValueError."""
    pairs = (key.partition("=") for key in keys)
    return {name: bytes.fromhex(value) for name, _, value in pairs}


def _of_files(paths: Sequence[str]) -> dict[str, bytes]:
    """The SM2 keys to sign with of files as `edge-gateway keys public` writes them. Raises OSError,
    ValueError."""
    found = {}
    for path in paths:
        try:
            for key in json.loads(Path(path).read_bytes())["keys"]:
                if (key["kind"], key["use"]) == ("sm2", "sign"):
                    found[str(key["id"])] = bytes.fromhex(key["public"])
        except (KeyError, TypeError):
            raise ValueError(f"{path}: no file of public keys") from None
    if paths and not found:
        raise ValueError(f"{', '.join(paths)}: no SM2 key to sign with")
    return found


def _check(public: dict[str, bytes]) -> Check:
    from protocols.guomi import GuomiError, bare, choose  # noqa: PLC0415  # only where signatures are checked

    verify: Callable[[bytes, bytes, bytes], bool]
    try:
        verify = choose().sm2_verify
    except (GuomiError, StopIteration):  # no provider on this machine
        verify = bare.sm2_verify

    def check(key: str, signed: bytes, signature: bytes) -> bool | None:
        if key not in public:
            return None
        try:
            return verify(public[key], signed, signature)
        except GuomiError as error:
            raise EvidenceError(f"--key {key}: {error}") from error

    return check


def _words(report: Report) -> str:
    counts = f"{report.links} links, {report.positions} positions, {report.openings} openings"
    if not report.holds:
        return f"BROKEN: {report.broken} (line {report.line}): {report.reason}\nheld until there: {counts}"
    anchors = f"{len(report.anchors)} anchors"
    if report.unsigned:
        anchors += f" ({report.unsigned} without a signature that was checked)"
    if report.confirmed is not None:
        anchors += f", {report.confirmed} of them published"
    loose = report.links - report.covered
    last = f"\nno anchor covers the last {loose} links: they can have been rewritten" if loose else ""
    return f"holds: {report.subject}, {report.algorithm}\n{counts}, {anchors}{last}"


if __name__ == "__main__":
    sys.exit(main())
