"""`edge-gateway token create | list | revoke`: works beside a running gateway, in force at once."""

import json
from typing import Annotated, Any

import typer

from ..commands import StoreError
from ..commands.views import iso
from ..tokens import SCOPES, TokenError, Tokens
from .common import WRONG, AsJson, ConfigPath, fail, load

app = typer.Typer(help="Tokens of the REST API.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="a-z 0-9 -; stands in audit lines.")]


@app.command()
def create(
    config: ConfigPath,
    name: Name,
    scope: Annotated[
        list[str], typer.Option(help=" | ".join(SCOPES) + "; several with commas, or one --scope for each")
    ],
    days: Annotated[float | None, typer.Option(help="It ends after so many days.")] = None,
) -> None:
    """Make a token and print it, this once: only a digest is kept."""
    tokens = _tokens(config)
    try:
        scopes = [each.strip() for given in scope for each in given.split(",") if each.strip()]
        typer.echo(tokens.create(name, scopes, days))
    except TokenError as error:
        fail(str(error), WRONG)


@app.command("list")
def listed(config: ConfigPath, as_json: AsJson = False) -> None:
    """Every token: name, scopes, until when; not the tokens themselves."""
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "scopes": scopes.split(),
            "created_at": iso(made),
            "not_after": iso(ends) if ends else None,
            "revoked_at": iso(revoked) if revoked else None,
        }
        for name, scopes, made, ends, revoked in _tokens(config).listed()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if not rows:
        typer.echo("there are none: `edge-gateway token create` makes one", err=True)
    for row in rows:
        state = (
            f"revoked {row['revoked_at']}" if row["revoked_at"] else f"until {row['not_after'] or 'revoked'}"
        )
        typer.echo(f"{row['name']:20} {state:34} {' '.join(row['scopes'])}")


@app.command()
def revoke(config: ConfigPath, name: Name) -> None:
    """End a token."""
    if not _tokens(config).revoke(name):
        fail(f"there is no token {name!r} that could be revoked")
    typer.echo(f"{name} is revoked")


def _tokens(config: "ConfigPath") -> Tokens:
    checked = load(config)
    try:
        checked.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Tokens(checked.commands_path)
    except (StoreError, OSError) as error:
        fail(f"gateway.data_dir: {error}")
