from hypothesis import given
from hypothesis import strategies as st

from equipoise.service.paging import latest


@given(st.lists(st.integers()), st.integers(1, 9))
def test_pages_put_together_from_the_last_are_the_whole_list(lines: list[int], limit: int) -> None:
    pages = [latest(lines, limit, offset) for offset in range(0, len(lines) + limit, limit)]
    assert [line for page in reversed(pages) for line in page] == lines
    assert all(len(page) == limit for page in pages[: len(lines) // limit])


def test_no_limit_shows_all_that_is_left() -> None:
    assert latest([1, 2, 3], 0, 0) == [1, 2, 3]
    assert latest([1, 2, 3], 0, 2) == [1]
    assert latest([1, 2, 3], 0, 10**30) == []
