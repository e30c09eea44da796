"""A credential is replaced only by whoever saw it as it is."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from equipoise.store import Credential, Store

HELD = Credential("ada", "session", "s", "hash", dt.datetime(2026, 11, 28, 12, 0, 0, 5))


def test_it_is_replaced_as_it_was_seen_and_not_otherwise(store: Store) -> None:
    used = replace(HELD, last_used=dt.datetime(2026, 11, 28, 13), expires=dt.datetime(2026, 12, 1))
    assert not store.replace_credential(HELD, used), "one that is not there is not made"
    store.put_credential(HELD)
    assert store.replace_credential(HELD, used)
    assert not store.replace_credential(HELD, replace(HELD, failures=1))
    assert store.credentials() == [used]
    store.drop_credential("ada", "session")
    assert not store.replace_credential(used, HELD)
    assert store.credentials() == []


def test_of_many_who_saw_the_same_one_replaces_it(store: Store) -> None:
    store.put_credential(HELD)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda number: store.replace_credential(HELD, replace(HELD, failures=number)), range(1, 13)))
    assert done.count(True) == 1
    assert store.credentials()[0].failures == done.index(True) + 1
