"""Keeping versions: the draft that a run makes, and lasting ones that are sealed from a version there is.

The store says which versions there are. A version's folder is written aside first, then the version is kept, and only then the folder gets
its name: a process killed in between leaves a version whose folder is put into place by the next that keeps one.
"""

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise import code_version
from equipoise.errors import StoreError
from equipoise.exchange.outputs import unwritten
from equipoise.exchange.version_folder import copied_aside, mend, numbers, publish, sweep, whole
from equipoise.service.current import cycle_name_of
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace
from equipoise.store.chain import utc_now
from equipoise.store.contract import Occasion, Signature, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 50


def seal(
    place: Workspace,
    version: Version,
    made: Occasion,
    context: Context,
    *,
    reason: str = "",
    business_unit: str | None = None,
    cycle: str | None = None,
) -> Version:
    """Keep a lasting version of what `version` holds, made on the occasion `made`, and return it; nothing is computed again.

    It has the next number, `version` as its base, and a folder with the same files. Business unit and cycle are by default those of the
    version, and the cycle that the unit is in. Raises StoreError where it cannot be kept.
    """
    unit = version.business_unit if business_unit is None else business_unit
    folder = place.outputs(version.plan) / version.name
    try:
        aside = whole(copied_aside(folder), mark(version.tables)) if folder.is_dir() else None
    except OSError as error:
        raise unwritten(folder.parent, error) from error
    sealed = replace(
        version,
        created=utc_now(),
        code=code_version(),
        files=version.files if aside is not None else (),
        made=made,
        business_unit=unit,
        cycle=cycle_name_of(place.store, unit) if cycle is None else cycle,
        base=version.number,
    )
    return keep(place, sealed, aside, context.sign(made, reason))


def decided_on(place: Workspace, version: Version | None, context: Context, reason: str) -> Version | None:
    """Have the version stand for good that was the plan's last when something was made part of the plan; return the one that stands.

    It is called once that is written: what was refused leaves no version behind. None where nothing was run yet. Raises StoreError,
    saying that the change is kept all the same, where no version can be.
    """
    if version is None or version.made != "run":
        return version
    try:
        return seal(place, version, "promote", context, reason=reason)
    except StoreError as error:
        raise StoreError(
            f"What was asked is done and kept; but {version.name}, on which it was done, does not stand for good: {error.message}",
            error.fix,
            error.where,
        ) from error


def keep(place: Workspace, version: Version, aside: Path | None, by: Signature) -> Version:
    """Keep a version under the next number that nobody has, give its folder (whole, hidden) that name, and return the version as kept.

    Raises StoreError where it cannot be kept; its folder is then removed.
    """
    outputs = place.outputs(version.plan)
    try:
        kept = _numbered(place, version, outputs, by)
    except BaseException:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
        raise
    if aside is not None:
        try:
            publish(aside, outputs / kept.name)
        except OSError as error:
            raise unwritten(outputs / kept.name, error) from error
    return kept


def _numbered(place: Workspace, version: Version, outputs: Path, by: Signature) -> Version:
    """Keep the version under the next number; where another process was quicker, under the one after."""
    for _ in range(_TRIES):
        number = next_number(place, version.plan, outputs)
        try:
            return place.store.add_version(replace(version, number=number), by)
        except StoreError:
            if all(one.number != number for one in place.store.versions(version.plan)):
                raise
    raise StoreError(f"No number could be had for a version of {version.plan}.", "Others are keeping versions: try again.")


def next_number(place: Workspace, plan: str, outputs: Path) -> int:
    """Return a number that neither the store nor a folder has; one that was cleared away is not given again while a later one stands."""
    return max([version.number for version in place.store.versions(plan)] + numbers(outputs), default=0) + 1


def mend_outputs(place: Workspace, plan: str) -> list[str]:
    """Put right what processes that were killed left in a plan's outputs; return the names of the versions that got their folder."""
    outputs = place.outputs(plan)
    if not outputs.is_dir():
        return []
    with suppress(OSError):
        sweep(outputs)
        return mend(outputs, lambda: {version.name: mark(version.tables) for version in place.store.versions(plan)})
    return []


def mark(tables: "Mapping[str, str]") -> str:
    """Return what tells a folder of outputs from others: a hash of the hashes of its tables."""
    return hashlib.sha256(json.dumps(dict(tables), sort_keys=True).encode()).hexdigest()[:16]
