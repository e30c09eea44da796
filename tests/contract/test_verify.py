"""Whoever tampers with the record behind the store's back is found out."""

import json
from collections.abc import Callable

import pytest

from equipoise.errors import StoreError
from equipoise.store import Change, Store
from equipoise.store.chain import line_hash
from tests.contract.conftest import BY, ITEMS, OTHERS, Place, kept

DELETE_LINE = "DELETE FROM line WHERE number = :n"
Tamper = Callable[[Place, Store], object]


@pytest.fixture
def filled(place: Place) -> Store:
    """A store with records that were changed, taken out and made, versions, and notes."""
    store = place.open()
    store.change([Change("decision", {"status": "open"}), Change("action", {"owner": "ada"})], BY)
    store.change([Change("decision", {"status": "decided"}, "decision-1", 1), Change("action", None, "action-1", 1)], BY)
    kept(store)
    store.note("export", "sap", {"rows": 3}, BY)
    store.change([Change("risk", {"probability": 0.5}, "rain")], BY)
    kept(store, 2, OTHERS)
    assert store.verify() == []
    assert store.head()[0] == 8
    return store


def _rehashed(place: Place, store: Store, number: int) -> None:
    """Change a line and give it the hash of what it says now, as somebody who knows the formula would."""
    place.execute("UPDATE line SET actor = 'eve' WHERE number = :n", n=number)
    line = store.lines(after=number - 1, limit=1)[0]
    place.execute("UPDATE line SET hash = :h WHERE number = :n", h=line_hash(line), n=number)


def _swapped(place: Place, _: Store) -> None:
    place.execute("UPDATE record SET number = 1")  # so that no record holds on to a line
    for old, new in ((4, 90), (6, 4), (90, 6)):
        place.execute("UPDATE line SET number = :new WHERE number = :old", new=new, old=old)


def _inserted(place: Place, _: Store) -> None:
    place.execute(
        "INSERT INTO line SELECT 9, at, actor, door, operation, kind, identity, old, new, reason, hash, 'made up', revision, batch, "
        "business_unit, cycle FROM line WHERE number = 8"
    )


def _cut_off(place: Place, _: Store) -> None:
    """Take out the last lines and what they made, and set the head as if they had never been: only versions and anchors still tell."""
    for statement in ("DELETE FROM record WHERE number > 6", "DELETE FROM line WHERE number > 6"):
        place.execute(statement)
    place.execute("UPDATE head SET number = 6, hash = (SELECT hash FROM line WHERE number = 6)")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda place, _: place.execute("UPDATE line SET reason = 'other' WHERE number = 2"), "Line 2 is not what was written"),
        (lambda place, _: place.execute("UPDATE line SET actor = 'eve' WHERE number = 8"), "Line 8 is not what was written"),
        (lambda place, _: place.execute("UPDATE line SET at = '2020-01-01 00:00:00' WHERE number = 3"), "Line 3 is not what was written"),
        (lambda place, _: place.execute("UPDATE line SET cycle = 'x' WHERE number = 1"), "Line 1 is not what was written"),
        (lambda place, _: place.execute("UPDATE line SET new = :d WHERE number = 6", d='{"rows":NaN}'), "Line 6 is not what was written"),
        (lambda place, store: _rehashed(place, store, 2), "Line 3 does not follow from line 2"),
        (lambda place, store: _rehashed(place, store, 8), "The last line, 8, is not the one that was written last"),
        (lambda place, _: place.execute(DELETE_LINE, n=6), "Line 6 is missing"),
        (lambda place, _: place.execute("DELETE FROM line WHERE number IN (1, 2)"), "Lines 1 to 2 are missing"),
        (lambda place, _: place.execute(DELETE_LINE, n=8), "The log ends with line 7, but 8 were written: its end was cut off"),
        (_cut_off, "Version alpine/v0002 is there, but the log does not say so: line 8, which made it, is gone"),
        (_swapped, "Line 4 is not what was written"),
        (_inserted, "The log has lines after line 8, which was its last: they were put in"),
        (lambda place, _: place.execute("UPDATE line SET number = 0 WHERE number = 6"), "Line 0 stands before the first"),
        (lambda place, _: place.execute("DELETE FROM record WHERE kind = 'risk'"), "risk rain is not there, but line 7 of the log says it"),
        (
            lambda place, _: place.execute("UPDATE record SET number = 1 WHERE kind = 'decision'"),
            "decision decision-1 is as line 1 of the log says, but line 3 changed it since",
        ),
        (
            lambda place, _: place.execute("INSERT INTO record VALUES ('action', 'action-1', 2)"),
            "action action-1 is there, but the log does not say so",
        ),
        (
            lambda place, _: place.execute("UPDATE version SET code = 'other' WHERE number = 1"),
            "Version alpine/v0001 was changed after it was made",
        ),
        (
            lambda place, _: place.execute("UPDATE version SET cycle = '2026-12' WHERE number = 1"),
            "Version alpine/v0001 was changed after it was made",
        ),
        (
            lambda place, _: place.execute("UPDATE version SET line = 1 WHERE number = 2"),
            "Version alpine/v0002 says that line 1 made it, but it was line 8",
        ),
        (
            lambda place, _: place.execute("DELETE FROM version WHERE number = 1"),
            "Version alpine/v0001 is not there, but line 5 of the log says it is",
        ),
        (
            lambda place, _: place.execute("UPDATE version SET number = 3 WHERE number = 2"),
            "Version alpine/v0003 is there, but the log does not say so",
        ),
    ],
)
def test_every_way_of_tampering_is_found(place: Place, filled: Store, tamper: Tamper, words: str) -> None:
    tamper(place, filled)
    messages = [fault.message for fault in filled.verify()]
    assert any(words in message for message in messages), messages
    assert all(fault.fix for fault in filled.verify())


def _written_anew(place: Place, store: Store) -> None:
    """Rewrite the whole log from line 6 on, hashes and head too, as somebody who owns the database could."""
    previous = store.lines(after=4, limit=1)[0].hash
    place.execute("UPDATE line SET new = :d WHERE number = 6", d='{"rows":999}')
    for number in (6, 7, 8):
        place.execute("UPDATE line SET previous = :p WHERE number = :n", p=previous, n=number)
        previous = line_hash(store.lines(after=number - 1, limit=1)[0])
        place.execute("UPDATE line SET hash = :h WHERE number = :n", h=previous, n=number)
    place.execute("UPDATE head SET hash = :h", h=previous)


def test_a_log_rewritten_whole_is_found_by_what_was_noted_outside(place: Place, filled: Store) -> None:
    number, content = filled.head()
    _written_anew(place, filled)
    assert filled.verify() == []
    (fault,) = filled.verify({number: content})
    assert fault.message == "Line 8 has not the hash that was noted outside: the log was rewritten."
    assert [fault.message for fault in filled.verify({9: "x"})] == [
        "Line 9, whose hash was noted outside, is not there: the log's end was cut off."
    ]


@pytest.mark.parametrize("kind", ["approval", "publication"])
def test_a_log_rewritten_whole_is_found_by_what_approvals_and_publications_note(place: Place, filled: Store, kind: str) -> None:
    filled.change([Change(kind, {"head": filled.head()[1]})], BY)
    assert filled.verify() == []
    document = json.dumps({"head": filled.lines(after=8)[0].new["head"]}, separators=(",", ":"))  # type: ignore[index]
    _written_anew(place, filled)
    place.execute("UPDATE line SET previous = (SELECT hash FROM line WHERE number = 8), new = :d WHERE number = 9", d=document)
    place.execute("UPDATE line SET hash = :h WHERE number = 9", h=line_hash(filled.lines(after=8)[0]))
    place.execute("UPDATE head SET hash = (SELECT hash FROM line WHERE number = 9)")
    (fault,) = filled.verify()
    assert fault.message == f"{kind} {kind}-1 was given on a log that ended otherwise: the hash that it notes is of no line before it."


def test_a_change_from_something_that_was_not_is_found_though_its_hash_is_right(place: Place, filled: Store) -> None:
    number = filled.change([Change("risk", {"probability": 0.9}, "rain", 1)], BY)[0].number
    place.execute("UPDATE line SET old = :d WHERE number = :n", n=number, d='{"probability":0.1}')
    content = line_hash(filled.lines(after=number - 1)[0])
    place.execute("UPDATE line SET hash = :h WHERE number = :n", h=content, n=number)
    place.execute("UPDATE head SET hash = :h", h=content)
    assert [fault.message for fault in filled.verify()] == [f"Line {number} changes risk rain from something that it was not."]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: None, "The table item of alpine v0001 is missing."),
        (lambda data: b"not parquet", "The table item of alpine v0001 is damaged."),
        (lambda data: data[: len(data) // 2], "The table item of alpine v0001 is damaged."),
        (lambda data: b"", "The table item of alpine v0001 is damaged."),
    ],
)
def test_a_missing_or_damaged_table_is_found(place: Place, filled: Store, spoil: Callable[[bytes], bytes | None], words: str) -> None:
    content = filled.version("alpine", 1).tables["item"]
    file = place.tables / content[:2] / f"{content}.parquet"
    spoilt = spoil(file.read_bytes())
    if spoilt is None:
        file.unlink()
    else:
        file.write_bytes(spoilt)
    (fault,) = filled.verify()
    assert fault.message == words
    assert str(file) in str(fault)


def test_a_table_that_is_another_is_found_by_verify_and_never_read(place: Place, filled: Store) -> None:
    one, other = (filled.version("alpine", number).tables["item"] for number in (1, 2))
    file, another = (place.tables / content[:2] / f"{content}.parquet" for content in (one, other))
    file.write_bytes(another.read_bytes())
    assert [fault.message for fault in filled.verify()] == ["The table item of alpine v0001 is not what was kept."]
    with pytest.raises(StoreError, match="is damaged"):
        filled.table(one)


def _noticed(store: Store, content: str) -> bool:
    """Whether reading a table tells of the damage; where it does not, every number must be right, for the byte carries nothing."""
    try:
        frame = store.table(content)
    except StoreError as error:
        return "is damaged" in error.message
    assert frame.equals(ITEMS)
    return False


def test_a_flipped_byte_of_a_table_is_noticed_or_carries_nothing(place: Place, filled: Store) -> None:
    content = filled.version("alpine", 1).tables["item"]
    file = place.tables / content[:2] / f"{content}.parquet"
    data, noticed = file.read_bytes(), 0
    for position in range(0, len(data), 97):
        file.write_bytes(data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :])
        noticed += _noticed(filled, content)
    assert noticed > 10
    file.write_bytes(data)
    assert filled.table(content).equals(ITEMS)
