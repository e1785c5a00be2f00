"""`edge-gateway doctor`: what would keep the gateway from its work, and what to do about it."""

import json

import typer

from ..doctor import GOOD, WRONG, examine
from .common import FAILED, AsJson, ConfigPath, load


def doctor(config: ConfigPath, as_json: AsJson = False) -> None:
    """Look at disk, ports, clock, limits, brokers and what is installed. Exit code 1: something is wrong."""
    findings = []
    for finding in examine(load(config)):
        findings.append(finding)
        if not as_json:
            typer.echo(f"{finding.verdict:5}  {finding.topic:14} {finding.text}")
            if finding.verdict != GOOD:
                typer.echo(f"{'':5}  {'':14} → {finding.advice}")
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False))
    if any(finding.verdict == WRONG for finding in findings):
        raise typer.Exit(FAILED)
