"""Watch a workspace: whenever a file or the record changes, look at it, and write what came of it, until somebody stops it."""

import datetime as dt
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from equipoise.errors import EquipoiseError, InputError, StoppedError, Where
from equipoise.exchange.liveness import gone, worker
from equipoise.service.asking import said
from equipoise.service.identity import is_team
from equipoise.service.messages.watching import WatchAnswer, WatchRequest, WatchStatus
from equipoise.service.register import Context
from equipoise.service.watched_files import ASK, INBOX, OURS, DataFiles, Signs, said_in, signs
from equipoise.service.watched_pass import Watched, results_of
from equipoise.service.workspace import Workspace, locate

_TICK = 500
"""Milliseconds between two looks at files and the record: what no message of the file system tells is seen then."""

_STEP = 0.05
_NAMES = ("plan.yaml", "plan.yml")


def watch(request: WatchRequest, context: Context) -> WatchAnswer:
    """Watch a workspace and write results until it is stopped; with `once`, look once.

    Raises InputError where it is watched already, or files may not hold at once; with `once` also what is wrong with the plan.
    """
    place = _place(request)
    if request.accept and is_team(place.folder):
        raise InputError("Where a team works, files only propose.", "Leave out --accept, and accept with: equipoise review accept ID")
    _refuse_second(place)
    watched = Watched(place, replace(context, agent=not request.accept), results_of(place))
    looking = _Looking(watched, context, request.settle)
    if request.once:
        status = watched.look()
        if watched.error is None and watched.changed_record():  # what was asked has changed what is to be told
            status = watched.look()
        watched.tell("stopped")
        if watched.error is not None:
            raise watched.error
        return WatchAnswer(headline=[_told(status)], status=status)
    with _terminable():
        return looking.until_stopped()


def _place(request: WatchRequest) -> Workspace:
    """Return the workspace to be watched; a folder whose plan file is yet to be written will do."""
    folder = Path(request.plan).expanduser()
    if folder.is_dir() and not any((folder / name).is_file() for name in _NAMES) and not any(folder.glob("*.y*ml")):
        root = Path(request.workspace).expanduser().resolve() if request.workspace else folder.resolve()
        return Workspace(folder.resolve() / _NAMES[0], root)
    return locate(request)


def _refuse_second(place: Workspace) -> None:
    """Raise InputError where a process that lives watches the workspace."""
    try:
        text = (results_of(place).root / "status.yaml").read_text(encoding="utf-8")
    except OSError:
        return
    found = re.search(r"^watched_by: (.+)$", text, re.MULTILINE)
    by = found.group(1).strip("'\"") if found else ""
    if by and by != worker() and gone(by) is False:
        raise InputError(
            f"{place.folder} is watched already, by process {by.split(':')[1]}.", "Stop that one first.", Where(str(place.folder))
        )


def _told(status: WatchStatus) -> str:
    if status.state == "faults":
        return f"{status.plan_file} or its data has faults: {status.errors}"
    waiting = f", {len(status.waiting)} proposals wait" if status.waiting else ""
    return f"{status.plan} {status.version} is ready{waiting}."


class _Looking:
    """Looks whenever something has changed."""

    def __init__(self, watched: Watched, context: Context, settle: float) -> None:
        self._watched = watched
        self._context = context
        self._settle = settle
        self._data = DataFiles(watched.place)
        self._ahead = context.today - _today()
        self._seen: tuple[dt.date, Signs] | None = None

    def until_stopped(self) -> WatchAnswer:
        """Look now and after each change until somebody stops it, and say so in the results."""
        status = None
        try:
            for _ in self._wakes():
                self._context.check()
                if self._changed():
                    status = self._look() or status
        except (KeyboardInterrupt, StoppedError):
            pass
        self._watched.error = None if status is None or status.state == "ready" else self._watched.error
        stopped = self._watched.tell("stopped")
        return WatchAnswer(headline=["Stopped. The results stand as they were."], status=stopped)

    def _wakes(self) -> Iterator[None]:
        """Yield now, whenever a file changes, and every half second; where the file system tells nothing, the clock is enough."""
        from watchfiles import watch as wakes

        yield
        folders = {self._watched.place.plan_file.parent, self._watched.place.folder}
        ours = tuple(str(self._watched.place.folder / name) for name in OURS)
        try:
            for _ in wakes(
                *folders,
                watch_filter=lambda _, path: not path.startswith(ours),
                step=50,
                debounce=200,
                rust_timeout=_TICK,
                yield_on_timeout=True,
            ):
                yield
        except (OSError, RuntimeError):  # too many folders for the system's watches, or a folder that was taken away
            while True:
                time.sleep(_TICK / 1000)
                yield

    def _signs(self) -> tuple[dt.date, Signs]:
        today, place = _today() + self._ahead, self._watched.place
        paths = [place.plan_file, *self._data.paths(today), *said_in(place, INBOX), *said_in(place, ASK)]
        return today, signs(iter(paths))

    def _changed(self) -> bool:
        """Whether a file, the day or the record is another than at the last look; returns when no file changes any more."""
        now = self._signs()
        if now == self._seen and not self._record_changed():
            return False
        until = time.monotonic() + self._settle
        while time.monotonic() < until:
            time.sleep(min(_STEP, self._settle))
            self._context.check()
            later = self._signs()
            if later != now:
                now, until = later, time.monotonic() + self._settle
        self._seen = now
        return True

    def _record_changed(self) -> bool:
        try:
            return self._watched.changed_record()
        except EquipoiseError:  # it is told when something else has changed
            return False

    def _look(self) -> WatchStatus | None:
        """Look once; what goes wrong is told, and ends nothing."""
        self._watched.context = replace(self._watched.context, today=_today() + self._ahead, listen=self._hear)
        try:
            status = self._watched.look()
        except EquipoiseError as error:
            return self._fail(error)
        except Exception as error:  # noqa: BLE001 - a fault of the program must not end the watch
            return self._fail(EquipoiseError(f"Equipoise itself failed: {type(error).__name__}: {error}", "Please report it."))
        self._say(_told(status))
        return status

    def _fail(self, error: EquipoiseError) -> WatchStatus | None:
        self._watched.error = error
        self._say(error.short)
        try:
            self._watched.results.write("errors.yaml", said(error))
            return self._watched.tell("faults")
        except Exception:  # noqa: BLE001 - nothing can be written: whoever looks at the screen is told, and the next change is looked at
            return None

    def _hear(self, event: object) -> None:
        """Tell in the status what is being done."""
        from equipoise.cycle import Progress

        if isinstance(event, Progress) and event.state == "begins" and not event.scenario:
            self._watched.tell("working", f"{event.phase}: {event.step.replace('_', ' ')}")
        if isinstance(event, Progress):
            self._context.listen(event)

    def _say(self, words: str) -> None:
        from equipoise.cycle import Progress

        self._context.listen(Progress("Watch", f"{dt.datetime.now().astimezone():%H:%M:%S} {words}", "done"))


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


@contextmanager
def _terminable() -> Iterator[None]:
    """Have the signal to terminate end the watch as Ctrl-C does; only the main thread is told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
