"""Which addresses this program connects to: those of the public network; machines beside it only where the machine's owner says so.

Looked at is what a socket connects to, not what a name said before: a redirect, or a name that means another address a moment later, gets
no further. Whoever writes a plan or manages people can make a server call neither itself, nor its neighbours, nor a cloud's metadata.
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from equipoise.errors import InputError

PRIVATE = "EQUIPOISE_PRIVATE_ADDRESSES"
"""Variable with the addresses and networks beside this machine that may be reached, such as `10.1.2.0/24, 127.0.0.1`; `all`: every one."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))  # the last 32 bits are an address of IPv4


class NotReachedError(PermissionError):
    """The address may not be reached. An OSError, as what cannot be reached is to any library."""


@dataclass
class Reach:
    """What may be reached besides public addresses, and which were refused."""

    allowed: frozenset[str] = frozenset()
    refused: list[str] = field(default_factory=list)


_REACH: ContextVar[Reach | None] = ContextVar("reach", default=None)


@contextmanager
def public_only(hosts: Iterable[str] = ()) -> Iterator[Reach]:
    """Have all that is done meanwhile connect to public addresses only, to those that the machine allows, and to those of `hosts`.

    `hosts` are names or addresses that the machine's own settings give; what they mean is fixed at the beginning. What else is connected to
    fails with NotReachedError, an OSError, and is noted in the `refused` of what is given. Raises InputError where the machine's setting
    cannot be read.
    """
    _private()  # said at once, where it cannot be read
    _watch()
    before = _REACH.set(Reach(frozenset(address for host in hosts for address in _addresses(host))))
    try:
        yield _REACH.get() or Reach()
    finally:
        _REACH.reset(before)


@cache
def _watch() -> None:
    """Have every connection of this process looked at from now on; where nothing is guarded, that is all that happens."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _CONNECTS:
        return
    reach = _REACH.get()
    if reach is None:
        return
    target = arguments[1]
    host = str(target[0]) if isinstance(target, tuple) and target else ""
    if host not in reach.allowed and not _reachable(host):
        reach.refused.append(host or "a socket of this machine")
        raise NotReachedError(13, f"{host or 'a socket of this machine'} is no public address")


def _reachable(host: str) -> bool:
    """Whether an address is public, or one beside this machine that may be reached; an IPv4 address within one of IPv6 counts as well."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    networks = _private()
    return all((one.is_global and not one.is_multicast) or any(one in network for network in networks) for one in _meant(address))


def _meant(address: _Address) -> list[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inner = [address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _TRANSLATED):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(one for one in inner if one is not None)]


def _private() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    said = os.environ.get(PRIVATE, "").strip()
    if said == "all":
        said = "0.0.0.0/0, ::/0"
    try:
        return tuple(ipaddress.ip_network(one.strip(), strict=False) for one in said.split(",") if one.strip())
    except ValueError:
        raise InputError(f"{PRIVATE} is no list of networks.", "Set it to addresses such as 10.1.2.0/24, 127.0.0.1, or to all.") from None


def _addresses(host: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []
