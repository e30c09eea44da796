"""What was answered to requests with a key: done once, however often they are sent."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from equipoise.store import Store
from equipoise.store.contract import Reply
from tests.contract.conftest import NOW

ASKED = Reply("ada", "key-1", "a" * 64, NOW)


def test_a_key_is_claimed_once_and_its_reply_kept(store: Store) -> None:
    assert store.claim_reply(ASKED) is None
    assert store.claim_reply(ASKED) == ASKED
    done = replace(ASKED, status=201, body='{"id": "action-1"}')
    store.put_reply(done)
    assert store.claim_reply(replace(ASKED, asked="b" * 64)) == done


def test_a_key_is_its_actors_own(store: Store) -> None:
    assert store.claim_reply(ASKED) is None
    assert store.claim_reply(replace(ASKED, actor="bob")) is None


def test_of_many_at_once_one_claims(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store.claim_reply(ASKED), range(16)))
    assert found.count(None) == 1


def test_replies_are_dropped_by_age_and_by_key(store: Store) -> None:
    later = replace(ASKED, key="key-2", at=NOW + dt.timedelta(days=2))
    store.claim_reply(ASKED)
    store.claim_reply(later)
    assert store.drop_replies(NOW + dt.timedelta(days=1)) == 1
    assert store.claim_reply(ASKED) is None
    assert store.drop_replies(NOW + dt.timedelta(days=9), "ada", "key-2") == 1
    assert store.claim_reply(ASKED) is not None
