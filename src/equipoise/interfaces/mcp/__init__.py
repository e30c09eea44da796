"""The agents' door: a server of the Model Context Protocol, made from the register. Whoever comes through it acts as an agent."""

from pathlib import Path

from equipoise.errors import InputError, NotFoundError, Where


def serve(folder: Path) -> None:
    """Serve a workspace folder over standard input and output.

    Raises NotFoundError where there is no such folder, InputError where what serves agents is not installed.
    """
    if not folder.expanduser().is_dir():
        raise NotFoundError(f"There is no folder {folder}.", "Name the workspace: equipoise mcp FOLDER", Where(str(folder)))
    try:
        from equipoise.interfaces.mcp.server import serve_stdio
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("equipoise"):
            raise
        raise InputError(f"What serves agents is not installed: {error.name}.", "Install it: pip install 'equipoise[agent]'") from None
    serve_stdio(folder.expanduser())
