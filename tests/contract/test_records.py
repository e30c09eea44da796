"""Records: all or none, each with its line, and nobody overwrites what they have not seen."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.errors import ConflictError, NotFoundError, StoreError
from equipoise.store import Change, Signature, Store
from equipoise.store.chain import line_hash
from equipoise.store.contract import Seen
from tests.contract.conftest import BY, Place

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_record_is_made_changed_and_taken_out_and_the_log_says_so(store: Store) -> None:
    made = store.change([Change("decision", {"question": "More?"}, cycle="2026-11", business_unit="north")], BY)[0]
    assert (made.id, made.revision, made.number, made.batch, made.cycle, made.business_unit) == ("decision-1", 1, 1, 1, "2026-11", "north")
    changed = store.change([Change("decision", {"question": "Less?"}, "decision-1", 1)], Signature("bob", "rest", "decide"))[0]
    assert (changed.revision, changed.changed_by, changed.cycle, changed.business_unit) == (2, "bob", "2026-11", "north")
    assert store.record("decision", "decision-1") == changed
    store.change([Change("decision", None, "decision-1", 2)], BY)
    assert store.records("decision") == []
    lines = store.lines()
    assert [(line.old, line.new) for line in lines] == [
        (None, {"question": "More?"}),
        ({"question": "More?"}, {"question": "Less?"}),
        ({"question": "Less?"}, None),
    ]
    assert [(line.actor, line.door, line.operation, line.reason) for line in lines[:2]] == [
        ("ada", "cli", "test", "because"),
        ("bob", "rest", "decide", ""),
    ]
    assert [line.hash for line in lines] == [line_hash(line) for line in lines]
    assert [line.previous for line in lines] == ["", lines[0].hash, lines[1].hash]
    assert store.head() == (3, lines[2].hash)
    assert store.verify() == []


def test_records_are_found_by_business_unit_and_cycle_in_the_order_of_their_last_change(store: Store) -> None:
    for unit, cycle in (("north", "2026-10"), ("south", "2026-11"), ("north", "2026-11")):
        store.change([Change("action", {"statement": unit}, business_unit=unit, cycle=cycle)], BY)
    store.change([Change("action", {"statement": "again"}, "action-1")], BY)
    assert [one.id for one in store.records("action")] == ["action-2", "action-3", "action-1"]
    assert [one.id for one in store.records("action", business_unit="north")] == ["action-3", "action-1"]
    assert [one.id for one in store.records("action", cycle="2026-11")] == ["action-2", "action-3"]
    assert [one.id for one in store.records("action", business_unit="north", cycle="2026-11")] == ["action-3"]
    assert store.records("action", cycle="") == []


def test_what_is_changed_in_one_call_is_one_batch(store: Store) -> None:
    first = store.change([Change("override", {"value": value}) for value in range(3)], BY)
    second = store.change([Change("override", {"value": value}) for value in range(2)], BY)
    assert {one.batch for one in first} == {1}
    assert {one.batch for one in second} == {4}
    assert [one.id for one in (*first, *second)] == [f"override-{n}" for n in range(1, 6)]


def test_an_id_that_somebody_has_named_is_not_given_again(store: Store) -> None:
    store.change([Change("task", {}, "task-2")], BY)
    assert [one.id for one in store.change([Change("task", {}), Change("task", {})], BY)] == ["task-1", "task-3"]
    store.change([Change("task", None, "task-3")], BY)
    assert store.change([Change("task", {})], BY)[0].id == "task-4"


def test_a_conflict_says_what_changed_by_whom_and_nothing_is_written(store: Store) -> None:
    store.change([Change("decision", {"status": "open", "question": "More?"})], BY)
    store.change([Change("decision", {"status": "decided", "question": "More?"}, "decision-1", 1)], Signature("bob", "rest", "decide"))
    before = store.head()
    with pytest.raises(ConflictError) as caught:
        store.change([Change("action", {"statement": "new"}), Change("decision", {"status": "dropped"}, "decision-1", 1)], BY)
    (fault,) = caught.value.faults
    assert "decision-1 was changed by bob on " in fault.message
    assert "status from open to decided" in fault.message
    assert fault.fix == "Yours was made on revision 1; it is at 2 now."
    assert caught.value.message == "1 of 2 changes are on something that is not as it was. Nothing was written."
    assert store.head() == before
    assert store.records("action") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("user", {"name": "x"}, "ada", 0), "user ada is there already: made or changed by ada on .* It says name Ada"),
        (Change("user", {}, "eve", 1), "There is no user eve"),
        (Change("user", None, "eve"), "There is no user eve"),
        (Change("user", {}, "gone", 1), "user gone was taken out by ada on "),
        (Change("user", {}, "same", 1), "its words are the same as before"),
        (Change("user", {}, "ada", 7), "it says name Ada"),
    ],
)
def test_every_kind_of_conflict_is_told(store: Store, change: Change, words: str) -> None:
    store.change([Change("user", {"name": "Ada"}, "ada", 0), Change("user", {}, "gone"), Change("user", {}, "same")], BY)
    store.change([Change("user", None, "gone", 1), Change("user", {}, "same", 1)], BY)
    with pytest.raises(ConflictError, match=words) as caught:
        store.change([change], BY)
    assert caught.value.fix == "Look at what is there now, and make the change again on that."


def test_what_a_change_rests_on_must_be_as_it_was_seen(store: Store) -> None:
    store.change([Change("cycle", {"status": "closed"}, "2026-10", business_unit="north")], BY)
    seen = Seen("cycle", "north", store.head()[0])
    store.change([Change("cycle", {"status": "open"}, "2026-11", business_unit="south"), Change("task", {}, business_unit="north")], BY)
    store.change([Change("cycle", {"status": "open"}, "2026-11 north", 0, "north")], BY, seen)
    with pytest.raises(ConflictError, match=r"cycle 2026-11 north was made by ada on .* meanwhile"):
        store.change([Change("cycle", {"status": "open"}, "2026-12", 0, "north")], BY, seen)
    assert [one.id for one in store.records("cycle", business_unit="north")] == ["2026-10", "2026-11 north"]


def test_of_several_who_rest_on_the_same_one_is_first(place: Place) -> None:
    seen = Seen("cycle", "north", place.open().head()[0])
    stores = [place.open() for _ in range(4)]

    def opened(number: int) -> bool:
        try:
            stores[number].change([Change("cycle", {"status": "open"}, f"2026-{number}", 0, "north")], BY, seen)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(opened, range(len(stores)))) == 1
    assert len(stores[0].records("cycle")) == 1


def test_one_made_again_goes_on_counting_so_that_an_old_revision_never_fits(store: Store) -> None:
    store.change([Change("user", {"name": "Ada"}, "ada")], BY)
    store.change([Change("user", None, "ada", 1)], BY)
    assert store.change([Change("user", {"name": "Eve"}, "ada", 0)], BY)[0].revision == 3
    with pytest.raises(ConflictError, match="name from Ada to Eve"):
        store.change([Change("user", {"name": "Ada B."}, "ada", 1)], BY)


def test_two_changes_of_one_record_in_one_call_follow_each_other(store: Store) -> None:
    made = store.change([Change("task", {"n": 1}, "t", 0), Change("task", {"n": 2}, "t", 1), Change("task", None, "t", 2)], BY)
    assert [one.revision for one in made] == [1, 2, 3]
    assert store.records("task") == []
    assert store.verify() == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=8), DOCUMENTS, max_size=4))
def test_any_document_comes_back_as_it_was(store: Store, document: dict[str, object]) -> None:
    made = store.change([Change("comment", document)], BY)[0]
    assert made.document == json.loads(json.dumps(document))
    assert store.record("comment", made.id).document == made.document
    assert store.lines(after=made.number - 1)[0].hash == line_hash(store.lines(after=made.number - 1)[0])


@pytest.mark.parametrize(
    ("change", "by", "words"),
    [
        (Change("risk", {"probability": float("nan")}), BY, "cannot be kept as JSON"),
        (Change("risk", {"when": object()}), BY, "cannot be kept as JSON"),
        (Change("risk", {}, "a\x00b"), BY, "has characters that cannot be kept"),
        (Change("risk", {}, "a\ud800b"), BY, "has characters that cannot be kept"),
        (Change("risk", {}), Signature("ada", "cli", "x", "a\x00"), "The reason .* has characters"),
        (Change("risk", {}, "x" * 401), BY, "is longer than 400 characters"),
        (Change("risk", None), BY, "has no id"),
        (Change("version", {}), BY, "cannot be of the kind version"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(store: Store, change: Change, by: Signature, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        store.change([Change("task", {}), change], by)
    assert store.head() == (0, "")


def test_a_record_that_is_not_there_is_told_with_the_nearest(store: Store) -> None:
    with pytest.raises(NotFoundError) as caught:
        store.record("decision", "decision-1")
    assert caught.value.fix == "There is no decision yet."
    store.change([Change("decision", {}), Change("decision", {})], BY)
    with pytest.raises(NotFoundError) as caught:
        store.record("decision", "decison-2")
    assert caught.value.fix == "There are: decision-2, decision-1."


def test_a_note_is_a_line_and_no_record(store: Store) -> None:
    store.change([Change("user", {"name": "Ada"}, "ada")], BY)
    line = store.note("user", "ada", {"door": "rest"}, Signature("ada", "rest", "log in"))
    assert (line.number, line.revision, line.old, line.new) == (2, 0, None, {"door": "rest"})
    assert store.record("user", "ada").document == {"name": "Ada"}
    assert store.change([Change("user", {"name": "Ada B."}, "ada", 1)], BY)[0].revision == 2
    assert store.verify() == []


def test_lines_are_found_by_number_kind_and_id(store: Store) -> None:
    for number in range(4):
        store.change([Change("task", {"n": number}, f"t{number % 2}"), Change("action", {"n": number})], BY)
    assert [line.number for line in store.lines(after=5)] == [6, 7, 8]
    assert [line.number for line in store.lines(kind="task", identity="t1")] == [3, 7]
    assert [line.number for line in store.lines(after=2, kind="task", limit=2)] == [3, 5]


def test_a_clock_set_back_does_not_break_the_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from equipoise.store import chain

    first = store.change([Change("task", {})], BY)[0]
    monkeypatch.setattr(chain, "utc_now", lambda: first.changed_at.replace(year=2001))
    second = store.change([Change("task", {})], BY)[0]
    assert second.changed_at == first.changed_at
    assert [line.number for line in store.lines()] == [1, 2]
    assert store.verify() == []


def _edit(place: Place, worker: int, edits: int) -> None:
    store = place.open()
    by = Signature(f"w{worker}", "python", "edit")
    for number in range(edits):
        store.change([Change("override", {"worker": worker, "n": number})], by)
        while True:  # a counter that all raise: each must see the last one's number
            held = store.record("task", "counter")
            value = held.document["n"]
            assert isinstance(value, int)
            try:
                store.change([Change("task", {"n": value + 1}, "counter", held.revision)], by)
                break
            except ConflictError:
                continue


def test_several_at_once_lose_no_edit_and_overwrite_none(place: Place) -> None:
    workers, edits = 6, 8
    store = place.open()
    store.change([Change("task", {"n": 0}, "counter")], BY)
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(_edit, place, worker, edits) for worker in range(workers)]:
            done.result()
    assert store.record("task", "counter").document == {"n": workers * edits}
    held = sorted((one.document["worker"], one.document["n"]) for one in store.records("override"))
    assert held == [(worker, number) for worker in range(workers) for number in range(edits)]
    assert store.head()[0] == 1 + 2 * workers * edits
    assert store.verify() == []


def test_a_change_takes_milliseconds(store: Store) -> None:
    store.change([Change("decision", {"n": 0})], BY)
    took = []
    for number in range(20):
        began = time.perf_counter()
        store.change([Change("decision", {"n": number}, "decision-1")], BY)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05
