"""Where the bytes of tables lie: in a folder, or at any URL that fsspec knows. Written once, never changed."""

import datetime as dt
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from equipoise.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SIDE_BY_SIDE = 16
_END = b"PAR1"
_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class Lying:
    """A file on the shelf: its content hash (empty: left over from a write that failed), when it was written, and its size."""

    path: str
    content: str
    written: dt.datetime | None
    bytes: int


class Shelf(Protocol):
    """Files by content hash. Methods raise StoreError where the place cannot be read or written."""

    def holds(self, content: str) -> bool:
        """Return whether a whole file is there, and have it count as new: `gc` leaves new ones alone."""

    def write(self, content: str, data: bytes) -> None:
        """Keep the bytes under that hash: written aside, then moved into place, so that no reader ever sees half of them."""

    def read(self, content: str) -> bytes:
        """Return the bytes. Raises NotFoundError where they are missing."""

    def flush(self, contents: Collection[str]) -> None:
        """Have the files of those hashes outlast a power cut. Raises StoreError where one is missing."""

    def absent(self, contents: Collection[str]) -> list[str]:
        """Return those of the hashes that have no file."""

    def discard(self, path: str) -> None:
        """Delete a file, where it is there."""

    def path(self, content: str) -> str:
        """Return where the file of that hash lies."""

    def listing(self) -> Iterator[Lying]:
        """Return what lies there."""


class Folder:
    """A folder of this machine as shelf."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, content: str) -> str:
        """Return where the file of that hash lies."""
        return str(self.folder / content[:2] / f"{content}{_SUFFIX}")

    def holds(self, content: str) -> bool:
        """Return whether a whole file is there. One that a power cut left empty or short has not the end that Parquet files have."""
        path = Path(self.path(content))
        try:
            with path.open("rb") as file:
                file.seek(-len(_END), os.SEEK_END)
                whole = file.read() == _END
            os.utime(path)
        except PermissionError:
            return path.is_file()
        except OSError:
            return False
        return whole

    def write(self, content: str, data: bytes) -> None:
        """Keep the bytes under that hash."""
        final = Path(self.path(content))
        aside = final.with_suffix(f".{uuid4().hex}.part")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            aside.replace(final)
        except OSError as error:
            _forget(aside)
            raise StoreError(
                f"A table cannot be written to {self.folder}: {_words(error)}.", "Free some space or allow writing there."
            ) from error

    def read(self, content: str) -> bytes:
        """Return the bytes."""
        try:
            return Path(self.path(content)).read_bytes()
        except FileNotFoundError:
            raise _missing(content) from None
        except OSError as error:
            raise StoreError(f"The table {self.path(content)} cannot be read: {_words(error)}.", "Allow reading it.") from error

    def flush(self, contents: Collection[str]) -> None:
        """Force the files to disk, side by side: a disk takes many such requests in the time of one. Then the folders that name them."""
        files = [Path(self.path(content)) for content in sorted(set(contents))]
        folders = sorted({file.parent for file in files}) if os.name == "posix" else []
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(_force, files))
            list(pool.map(_force, folders))

    def absent(self, contents: Collection[str]) -> list[str]:
        """Return those of the hashes that have no file."""
        return [content for content in sorted(set(contents)) if not Path(self.path(content)).is_file()]

    def discard(self, path: str) -> None:
        """Delete a file, where it is there."""
        try:
            Path(path).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted: {_words(error)}.", "Allow writing there.") from error

    def listing(self) -> Iterator[Lying]:
        """Return what lies there."""
        for path in sorted(self.folder.rglob("*")):
            try:
                held = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix in {_SUFFIX, ".part"} and path.is_file():
                written = dt.datetime.fromtimestamp(held.st_mtime, dt.UTC).replace(tzinfo=None)
                yield Lying(str(path), path.stem if path.suffix == _SUFFIX else "", written, held.st_size)


class Remote:
    """A place that fsspec knows as shelf: s3://, gs://, az://, sftp://, smb://, memory:// and so on."""

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ModuleNotFoundError:
            raise StoreError("Tables at a URL need fsspec.", "Install it with: pip install 'equipoise[team]'.") from None
        try:
            self._system: AbstractFileSystem
            self._system, self._root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"Tables cannot be kept at a URL of this kind: {error}.", "Install what it needs, or choose another."
            ) from None

    def path(self, content: str) -> str:
        """Return where the file of that hash lies."""
        return f"{self._root}/{content[:2]}/{content}{_SUFFIX}"

    def holds(self, content: str) -> bool:
        """Return whether a file is there; such places show a file only when it is whole."""
        with _told("looked for"):
            return bool(self._system.exists(self.path(content)))

    def write(self, content: str, data: bytes) -> None:
        """Keep the bytes under that hash."""
        final = self.path(content)
        aside = f"{final}.{uuid4().hex}.part"
        with _told("written"):
            self._system.makedirs(final.rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(aside, data)
            self._system.mv(aside, final)

    def read(self, content: str) -> bytes:
        """Return the bytes."""
        with _told("read"):
            try:
                return bytes(self._system.cat_file(self.path(content)))
            except FileNotFoundError:
                raise _missing(content) from None

    def flush(self, contents: Collection[str]) -> None:
        """See that the files are there: such places acknowledge a file when it lasts."""
        missing = self.absent(contents)
        if missing:
            raise _lost(self.path(missing[0]))

    def absent(self, contents: Collection[str]) -> list[str]:
        """Return those of the hashes that have no file."""
        wanted = sorted(set(contents))
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return [content for content, held in zip(wanted, pool.map(self.holds, wanted), strict=True) if not held]

    def discard(self, path: str) -> None:
        """Delete a file, where it is there."""
        with _told("deleted"):
            if self._system.exists(path):
                self._system.rm_file(path)

    def listing(self) -> Iterator[Lying]:
        """Return what lies there."""
        with _told("listed"):
            found = self._system.find(self._root, detail=True) if self._system.exists(self._root) else {}
        for path, facts in sorted(found.items()):
            name = path.rpartition("/")[2]
            if name.endswith((_SUFFIX, ".part")):
                yield Lying(
                    path, name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else "", _written(facts), int(facts.get("size") or 0)
                )


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn whatever a file system raises into a StoreError; each kind has its own exceptions."""
    try:
        yield
    except (NotFoundError, StoreError):
        raise
    except Exception as error:
        raise StoreError(
            f"Tables cannot be {what} where they are kept: {_words(error)}.", "Check that it can be reached, and has space."
        ) from error


def _written(facts: dict[str, object]) -> dt.datetime | None:
    """Return when a file was written, as far as its place says; each kind has another word for it."""
    for word in ("mtime", "LastModified", "last_modified", "updated", "modified", "created"):
        value = facts.get(word)
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                continue
        if isinstance(value, int | float):
            return dt.datetime.fromtimestamp(value, dt.UTC).replace(tzinfo=None)
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    return None


def _missing(content: str) -> NotFoundError:
    return NotFoundError(f"The store has no table {content[:12]}.", "Run the plan again, or restore a backup.")


def _lost(path: str) -> StoreError:
    return StoreError(f"{path} cannot be forced to disk: it is not there.", "Run the plan again.")


def _force(path: Path) -> None:
    """Force a file or folder to disk."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise _lost(str(path)) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be forced to disk: {_words(error)}.", "Check the disk.") from error


def _forget(path: Path) -> None:
    """Delete what a failed write left, if that can be done at all: the failure itself is what must be told."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0].rstrip(".")
