"""The command line's log-ins: a file in the user's own configuration folder that nobody else can read, by workspace."""

import json
import os
import sys
import tempfile
from pathlib import Path

from equipoise.errors import InputError, NotKnownError, Where

_FILE = "log-ins.json"


def _folder() -> Path:
    """Return the user's configuration folder of Equipoise: XDG_CONFIG_HOME or ~/.config, APPDATA on Windows."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "equipoise"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "equipoise"


def held(workspace: Path, what: str = "session") -> str:
    """Return what is kept for a workspace, empty where nothing is. Raises NotKnownError where others can read the file."""
    return _read().get(str(workspace), {}).get(what, "")


def hold(workspace: Path, what: str, secret: str) -> None:
    """Keep a secret for a workspace; an empty one is forgotten. Raises InputError where the file cannot be written."""
    path = _folder() / _FILE
    kept = _read()
    entry = {**kept.get(str(workspace), {}), what: secret}
    kept[str(workspace)] = {name: value for name, value in entry.items() if value}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file made so is its owner's alone from the first byte, and takes the old one's place whole.
        number, name = tempfile.mkstemp(dir=path.parent, prefix=_FILE)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump({place: entry for place, entry in kept.items() if entry}, file, indent=2)
        Path(name).replace(path)
    except OSError as error:
        raise InputError(f"The log-in cannot be kept in {path}: {error.strerror}.", "Use EQUIPOISE_TOKEN instead.") from error


def _read() -> dict[str, dict[str, str]]:
    path = _folder() / _FILE
    try:
        if sys.platform != "win32" and path.stat().st_mode & 0o077:
            raise NotKnownError("Others can read the file of your log-ins.", f"Run: chmod 600 {path}, and log in again.", Where(str(path)))
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise NotKnownError(
            "The file of your log-ins cannot be read.", f"Take it away: {path}, and log in again.", Where(str(path))
        ) from None
    return said if isinstance(said, dict) else {}
