"""Who somebody is and what they may do."""

import getpass
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks: name, roles, and the slices that they may edit. `alone` in single-user mode: may do everything."""

    name: str
    roles: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    alone: bool = False


def alone() -> Person:
    """Return the person of single-user mode: the operating system's user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "local"
    return Person(name, alone=True)
