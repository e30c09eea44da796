"""The command line: one command an operation, made from the register. It parses and prints, it does not compute."""

import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from equipoise import __version__
from equipoise.errors import EquipoiseError, InputError, NotFoundError
from equipoise.interfaces import parameters
from equipoise.service import OPERATIONS, TOPICS, Context, Operation

_JSON = Annotated[bool, typer.Option("--json", help="Print the answer, or the error, as JSON.")]
app = typer.Typer(
    name="equipoise",
    help="Sales and operations planning: from raw data to an agreed plan, in minutes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # loading what prints coloured help takes longer than all the rest
)


def _command(operation: Operation) -> Callable[..., None]:
    """Return the function behind a command: it makes the request, does the operation and prints the answer."""

    def command(**values: Any) -> None:  # noqa: ANN401 - the signature is set below
        as_json = values.pop("json_")
        _do(operation, values, as_json)

    made = parameters.parameters(operation.request)
    made.append(inspect.Parameter("json_", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_JSON))
    command.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in made}
    command.__doc__ = inspect.cleandoc(operation.request.__doc__ or operation.name)
    return command


def _do(operation: Operation, given: dict[str, object], as_json: bool) -> None:
    from equipoise.interfaces import printing

    try:
        values = parameters.values(operation.request, given)
        if as_json:
            answer = _answer(operation, values, Context(door="cli"))
            typer.echo(answer.model_dump_json(indent=2))
        else:
            with printing.progress(operation) as listen:
                answer = _answer(operation, values, Context(door="cli", listen=listen))
            printing.show(answer)
    except EquipoiseError as error:
        if as_json:
            typer.echo(json.dumps(error.as_dict(), indent=2, default=str))
        else:
            printing.fail(error)
        raise typer.Exit(2 if isinstance(error, (InputError, NotFoundError)) else 1) from None
    if getattr(answer, "in_vain", False):
        raise typer.Exit(1)


def _answer(operation: Operation, values: dict[str, object], context: Context) -> BaseModel:
    from equipoise.service import call

    return call(operation.name, values, context)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"equipoise {__version__}")
        raise typer.Exit


def _add(operation: Operation) -> None:
    """Add a command: one of two words, such as `cycle open`, goes into the group of the first."""
    group, _, name = operation.name.rpartition(" ")
    if group and group not in _GROUPS:
        _GROUPS[group] = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
        app.add_typer(_GROUPS[group], name=group, help=TOPICS[group])
    (_GROUPS[group] if group else app).command(name)(_command(operation))


_GROUPS: dict[str, typer.Typer] = {}
for _operation in OPERATIONS.values():
    if "cli" in _operation.doors:
        _add(_operation)


@app.command("serve")
def _serve(
    folder: Annotated[str, typer.Argument(help="Workspace folder")] = ".",
    host: Annotated[str, typer.Option(help="Address to listen at; others than this machine's own need people who log in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one", min=0, max=65535)] = 8300,
    name: Annotated[list[str], typer.Option(help="Name by which it is called besides localhost")] = [],  # noqa: B006 - typer's way
    tls_certificate: Annotated[str, typer.Option(help="File of the certificate, for TLS")] = "",
    tls_key: Annotated[str, typer.Option(help="File of the certificate's key")] = "",
    proxy: Annotated[str, typer.Option(help="Address of the proxy whose word about the client is taken")] = "",
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser")] = False,
) -> None:
    """Serve a workspace: its page, and the API for programs."""
    from equipoise.interfaces.api.serve import Listening, serve

    listening = Listening(host, port, tuple(name), tls_certificate, tls_key, proxy, open_)
    _in_words(lambda: serve(Path(folder), listening))


@app.command("mcp")
def _mcp(folder: Annotated[str, typer.Argument(help="Workspace folder")] = ".") -> None:
    """Serve a workspace to an AI agent over standard input and output (MCP): it reads, runs drafts and proposes."""

    def work() -> None:
        from equipoise.interfaces.mcp import serve

        serve(Path(folder))

    _in_words(work)


def _in_words(work: Callable[[], None]) -> None:
    """Do what is no operation; say an error as operations' are said."""
    from equipoise.interfaces import printing

    try:
        work()
    except EquipoiseError as error:
        printing.fail(error)
        raise typer.Exit(2 if isinstance(error, (InputError, NotFoundError)) else 1) from None


def main() -> None:
    """Run the command line. What goes wrong inside is said in one line; EQUIPOISE_DEBUG=1 adds where."""
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("Stopped. Earlier outputs are untouched.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last resort: no user sees a traceback
        if os.environ.get("EQUIPOISE_DEBUG"):
            traceback.print_exc()
        typer.echo(f"Equipoise itself failed: {type(error).__name__}: {error}", err=True)
        typer.echo("Nothing stored was changed. Please report it; EQUIPOISE_DEBUG=1 shows where it happened.", err=True)
        sys.exit(70)


if __name__ == "__main__":
    main()
