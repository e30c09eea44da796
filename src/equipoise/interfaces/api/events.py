"""The progress of a job as server-sent events: a `progress` each time it has gone on, then `end` with what came of it."""

import time
from collections.abc import Iterator
from pathlib import Path

from equipoise.interfaces.api.given import Values
from equipoise.interfaces.api.performing import without_folder
from equipoise.service import Context
from equipoise.service.messages.jobs import JobAnswer
from equipoise.service.register import permitted

_LOOK = 0.5
_SILENT = 15.0
_MAY_STILL = 60.0  # seconds after which it is asked again whether the one who listens still may
_LONGEST = 4 * 3600.0
_ENDED = frozenset({"done", "failed", "cancelled", "interrupted"})


def job_events(folder: Path, values: Values, context: Context) -> Iterator[str]:
    """Give events until the job has ended; a comment now and then keeps the connection."""
    begun = heard = time.monotonic()
    asked = -_MAY_STILL
    number, before = 0, ""
    while time.monotonic() - begun < _LONGEST:
        if time.monotonic() - asked > _MAY_STILL:
            operation, request, known = permitted("job show", values, context)
            show, asked = operation.function(), time.monotonic()
        answer = show(request, known)
        if not isinstance(answer, JobAnswer):
            raise TypeError
        ended = answer.state in _ENDED
        now = without_folder(folder, answer.model_dump_json().encode()).decode()
        said = answer.model_dump_json(exclude={"seconds"})
        if said != before or ended:
            number += 1
            yield f"id: {number}\nevent: {'end' if ended else 'progress'}\ndata: {now}\n\n"
            before, heard = said, time.monotonic()
        elif time.monotonic() - heard > _SILENT:
            heard = time.monotonic()
            yield ": still there\n\n"
        if ended:
            return
        time.sleep(_LOOK)
