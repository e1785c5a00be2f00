"""`python -m protocols.evidence verify FILE`: whether a bundle holds, on any machine.

Exit code 0 when it holds, 1 when it does not, 2 when it could not be asked.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .anchors import Anchor, decode_anchor
from .canonical import EvidenceError
from .verify import Check, Report, verify_bundle


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        data = Path(options.file).read_bytes()
        published = _anchors(options.anchors) if options.anchors else None
        report = verify_bundle(data, _check(options.key) if options.key else None, published)
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
    verify.add_argument(
        "--key", action="append", help="ID=HEX: an SM2 public key (x, y) to trust for anchors"
    )
    verify.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


def _anchors(path: str) -> list[Anchor]:
    lines = Path(path).read_bytes().splitlines()
    return [decode_anchor(line) for line in lines if line]


def _check(keys: Sequence[str]) -> Check:
    from protocols.guomi import GuomiError, choose  # noqa: PLC0415  # only where signatures are to be checked

    public = {}
    for key in keys:
        name, _, value = key.partition("=")
        public[name] = bytes.fromhex(value)
    door = choose()

    def check(key: str, signed: bytes, signature: bytes) -> bool | None:
        if key not in public:
            return None
        try:
            return door.sm2_verify(public[key], signed, signature)
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
