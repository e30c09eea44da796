"""Hierarchies: membership of names in groups, and loops among them."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def loops(edges: Mapping[Name, Iterable[Name]]) -> list[tuple[Name, ...]]:
    """Return the loops among `edges` (name to the names it leads to), each once, as the names along it, first and last alike.

    One loop is given for each group of names that lead to each other, found by depth first search without recursion.
    """
    state: dict[Name, int] = {}
    found: list[tuple[Name, ...]] = []
    for start in edges:
        if start in state:
            continue
        path: list[Name] = [start]
        branches = [iter(edges.get(start, ()))]
        state[start] = 1
        while branches:
            following = next(branches[-1], None)
            if following is None:
                state[path.pop()] = 2
                branches.pop()
            elif state.get(following) == 1:
                found.append((*path[path.index(following) :], following))
            elif following not in state:
                state[following] = 1
                path.append(following)
                branches.append(iter(edges.get(following, ())))
    return found
