"""Where a workspace's store is: said by the environment, by the file workspace.yaml, or else SQLite in the workspace."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from equipoise.errors import StoreError, Where

if TYPE_CHECKING:
    import yaml

_FILE = "workspace.yaml"
_KEYS = ("store", "tables", "people")
_LARGEST = 50_000  # bytes of workspace.yaml
_DEEPEST = 10
# In counted steps: a text of a million colons is searched in a moment. A password may hold an @ itself.
_PASSWORD = re.compile(r"(://[^:/@\s]{0,200}):\S{1,400}@|(password=)[^&\s]+")


@dataclass(frozen=True, slots=True)
class Location:
    """The database (`url` of PostgreSQL, or else `file` of SQLite), and the folder or URL of the tables."""

    workspace: Path
    url: str
    file: Path
    tables: str

    @property
    def exists(self) -> bool:
        """Whether there is a store yet, as far as can be told without asking a server."""
        return bool(self.url) or self.file.is_file()


def locate_store(workspace: Path) -> Location:
    """Return where the store of a workspace is.

    The environment goes first: EQUIPOISE_STORE (URL of the database) and EQUIPOISE_TABLES (folder or URL); then the keys `store` and
    `tables` of workspace.yaml, where `env:NAME` stands for the environment's NAME. Raises StoreError where one cannot be understood.
    """
    said = _said(workspace / _FILE)
    database = os.environ.get("EQUIPOISE_STORE", "") or said.get("store", "")
    tables = os.environ.get("EQUIPOISE_TABLES", "") or said.get("tables", "")
    folder = workspace / ".equipoise"
    url, file = "", folder / "store.db"
    if database.startswith("sqlite:///"):
        file = workspace / unquote(urlsplit(database).path[1:])
    elif database.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        url = "postgresql:" + database.partition(":")[2]
    elif database:
        raise StoreError(
            f"The store cannot be in a database of the kind {database.partition(':')[0][:30]}.",
            "Give postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE, or nothing for SQLite in the workspace.",
        )
    return Location(workspace, url, file, tables if "://" in tables else str(workspace / (tables or ".equipoise/tables")))


def log_in_setting(workspace: Path) -> object:
    """Return what workspace.yaml says under `people`, of log-in and identity; None where it says nothing. Raises StoreError like above."""
    return _read(workspace / _FILE).get("people")


def _said(path: Path) -> dict[str, str]:
    """Return what workspace.yaml says of the store."""
    said = _read(path)
    return {key: _value(key, said[key], Where(str(path))) for key in ("store", "tables") if said.get(key) is not None}


def _read(path: Path) -> dict[str, object]:
    """Return what workspace.yaml says."""
    if not path.is_file():
        return {}
    import yaml

    where = Where(str(path))
    try:
        with path.open("rb") as file:
            said = _understood(file.read(_LARGEST + 1))
    except (yaml.YAMLError, OSError, ValueError, RecursionError):
        said = None
    if said is None:  # raised out here, not to carry along what the fault quotes of the file
        raise StoreError(f"{_FILE} cannot be read as YAML.", "Write for example: store: env:EQUIPOISE_STORE.", where)
    if isinstance(said, dict):
        unknown = sorted(str(key) for key in said if key not in _KEYS)
        if not unknown:
            return dict(said)
    else:
        unknown = ["no keys at all"]
    raise StoreError(f"{_FILE} has keys that are not known: {', '.join(unknown)}.", f"It may have: {', '.join(_KEYS)}.", where)


def _understood(data: bytes) -> object:
    """Return what a small YAML text says. Raises ValueError where it is large, or repeats anything: a key, or values by an alias.

    What reads plan files is not used: it loads what looking at a store must do without.
    """
    import yaml

    if len(data) > _LARGEST:
        raise ValueError(_FILE)
    depth = 0
    for event in yaml.parse(data, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            raise ValueError(_FILE)
    _refuse_twice(yaml.compose(data, Loader=yaml.SafeLoader))
    return yaml.safe_load(data) or {}


def _refuse_twice(node: "yaml.Node | None") -> None:
    pairs = getattr(node, "value", None)
    if getattr(node, "id", "") == "mapping" and isinstance(pairs, list):
        names = [key.value for key, _ in pairs if isinstance(key.value, str)]
        if len(names) > len(set(names)):
            raise ValueError(names)
        for _, value in pairs:
            _refuse_twice(value)


def _value(key: str, value: object, where: Where) -> str:
    if not isinstance(value, str):
        raise StoreError(f"{_FILE}: {key} is no text.", "Write a URL, a folder, or env:NAME.", where)
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if not os.environ.get(name):
        raise StoreError(f"{_FILE}: {key} is to come from the environment's {name}, which is not set.", f"Set {name}.", where)
    return os.environ[name]


def without_password(text: str, url: str = "") -> str:
    """Return a text without the password of a URL."""
    try:
        secret = urlsplit(url).password or ""
    except ValueError:
        secret = ""
    for word in sorted({secret, unquote(secret)} - {""}, key=len, reverse=True):
        text = text.replace(word, "***")
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] else f"{found[2]}***", text)
