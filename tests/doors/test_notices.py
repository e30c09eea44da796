"""Notices of a published plan: each is sent on its day by whatever runs then, and one that was cut off is not left for ever."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.exchange.liveness import worker
from equipoise.service import Context, call
from equipoise.store.contract import Change, Document, Signature
from tests.doors.conftest import TODAY
from tests.doors.post_example import Post, post
from tests.doors.record_example import place_of

PROCESS = """
process:
  mail_server: env:TEST_MAIL
  audiences:
    - {audience: Now, people: [now@lamps.example], what: [summary]}
    - {audience: Later, people: [later@lamps.example], what: [summary], when: 1}
"""
ENDED = worker().rsplit(":", 2)[0] + ":1:nothing"
ELSEWHERE = "another-machine:1:x"


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    with post() as made:
        monkeypatch.setenv("TEST_MAIL", made.server)
        yield made


def ask(name: str, folder: Path, days: int = 0, **values: Any) -> dict[str, Any]:
    context = Context(today=TODAY + dt.timedelta(days=days))
    return call(name, {"plan": str(folder), **values}, context).model_dump(mode="json")


def states(folder: Path) -> dict[str, str]:
    (kept,) = place_of(folder).store.records("publication")
    notices: Any = kept.document["notices"]
    return {one["to"]: one["state"] for one in notices}


def put(folder: Path, to: str, **said: object) -> None:
    """Have the record say something else of a notice."""
    store = place_of(folder).store
    (kept,) = store.records("publication")
    notices: Any = kept.document["notices"]
    document: Document = {**kept.document, "notices": [{**one, **said} if one["to"] == to else one for one in notices]}
    store.change([Change("publication", document, kept.id, kept.revision)], Signature("test", "python", "test"))


@pytest.fixture
def published(quick_plan: Path, tmp_path: Path, came: Post) -> Path:
    """A workspace whose plan was published: one audience is told, the other is to be told on the next working day."""
    folder = shutil.copytree(quick_plan, tmp_path / "lamps")
    plan = folder / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + PROCESS, encoding="utf-8")
    ask("run", folder)
    ask("approve", folder, reason="Agreed")
    data = folder / "tables" / "history.csv"
    before = data.read_bytes()
    data.write_bytes(before + b"\n")
    made = ask("publish", folder)
    data.write_bytes(before)
    assert made["headline"][1] == "Not in it, for it was changed after v0003 was run: history.csv."
    assert [to for to, _, _ in came.mails] == ["now@lamps.example"]
    assert states(folder) == {"now@lamps.example": "sent", "later@lamps.example": "waiting"}
    return folder


def test_what_waits_is_sent_by_the_run_of_its_day(published: Path, came: Post) -> None:
    assert ask("run", published)["unchanged"]
    assert len(came.mails) == 1
    made = ask("run", published, days=1)
    assert [one["message"] for one in made["issues"] if "became due" in one["message"]] == [
        "Notices of lamps-2026-12 that became due were sent to later@lamps.example."
    ]
    assert [to for to, _, _ in came.mails] == ["now@lamps.example", "later@lamps.example"]
    ask("run", published, days=1)
    assert len(came.mails) == 2
    assert set(states(published).values()) == {"sent"}


def test_what_cannot_be_sent_stops_no_run_and_an_agent_sends_nothing(published: Path, came: Post) -> None:
    call("run", {"plan": str(published)}, Context(today=TODAY + dt.timedelta(days=1), agent=True))
    assert states(published)["later@lamps.example"] == "waiting"
    came.refused.add("later@lamps.example")
    ask("run", published, days=1)
    assert states(published)["later@lamps.example"] == "failed"


def test_what_was_cut_off_while_it_was_sent_is_taken_up_again(published: Path, came: Post) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    long_ago = (now - dt.timedelta(hours=2)).isoformat()
    for sender, since, again in (
        (worker(), long_ago, False),
        (ELSEWHERE, now.isoformat(), False),
        (ELSEWHERE, long_ago, True),
        (ENDED, now.isoformat(), True),
    ):
        came.mails.clear()
        put(published, "now@lamps.example", state="sending", by_process=sender, since=since)
        ask("publish", published, again=True)
        assert (len(came.mails), states(published)["now@lamps.example"]) == ((1, "sent") if again else (0, "sending")), sender
    put(published, "now@lamps.example", state="sending", by_process=ELSEWHERE, since=now.isoformat())
    ask("publish", published, again=True, to=["now@lamps.example"])
    assert states(published)["now@lamps.example"] == "sent"
