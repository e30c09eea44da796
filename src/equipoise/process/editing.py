"""What a person may change: by the table, by the slices that they look after, and by the fences of their roles."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from equipoise.errors import Fault, NotAllowedError, Where
from equipoise.process.people import EDITS, Person, may, require, roles_with
from equipoise.process.slices import Slices
from equipoise.scenario import Override
from equipoise.scenario.cells import Cells
from equipoise.scenario.terms import FENCED, Terms
from equipoise.tables import GIVEN, table
from equipoise.tables.figures import either

_DEMAND, _SUPPLY, _FINANCE = (EDITS[:1], EDITS[1:2], EDITS[2:])
# Permissions of which any one allows a change of the table.
EDITED_BY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("history", "forecast", "order_book", "event", "cannibalisation", "demand_owner", "stream_snapshot"), _DEMAND),
    **dict.fromkeys(("driver", "succession", "market", "demand_policy", "backlog", "shipment", "order_line", "correlation"), _DEMAND),
    **dict.fromkeys(("correction", "baseline", "consensus", "demand_plan"), _DEMAND),
    **dict.fromkeys(("location", "resource", "working_calendar", "on_hand", "scheduled_receipt", "route", "usage", "bom"), _SUPPLY),
    **dict.fromkeys(("co_output", "capacity", "capacity_step", "maintenance", "workforce", "purchase", "purchase_limit"), _SUPPLY),
    **dict.fromkeys(("lane", "inventory_policy", "limit", "limit_member", "firm_plan", "production_actual", "stock_actual"), _SUPPLY),
    **dict.fromkeys(("price", "budget", "currency_rate", "one_off_cost"), _FINANCE),
    **dict.fromkeys(("item", "unit_conversion"), (*_DEMAND, *_SUPPLY)),
    **dict.fromkeys(("lever", "disturbance", "risk_opportunity"), EDITS),
    "plan_snapshot": ("manage_cycle",),
}
# Tables in which money is part of what sales say; everywhere else a price or a cost is changed by whoever answers for money.
_WITH_MONEY = ("history", "forecast", "event", "shipment")
_SETTING_GROUPS = {"demand": _DEMAND, "supply": _SUPPLY, "finance": _FINANCE, "risk": EDITS}


def edit_permissions(override: Override) -> tuple[tuple[str, ...], ...]:
    """Return what an override needs: of each group of permissions any one."""
    if override.table == "setting":
        return _of_settings(override)
    column = table(override.table).by_name.get(override.column)
    money = column is not None and "currency" in (column.unit or "") and override.operation not in {"insert", "remove"}
    if money and override.table in GIVEN and override.table not in _WITH_MONEY:
        return (_FINANCE,)
    return (EDITED_BY[override.table],)


def _of_settings(override: Override) -> tuple[tuple[str, ...], ...]:
    """Return what changing settings needs: those of a step its planners may change, fences and all else who leads the cycle."""
    named = override.value.get("setting") if isinstance(override.value, dict) else override.where.get("setting")
    names = named if isinstance(named, tuple) else (named,)
    found = []
    for name in names:
        group = name.partition(".")[0] if isinstance(name, str) and not name.startswith("demand.fences") else ""
        found.append((*_SETTING_GROUPS.get(group, ()), "manage_cycle"))
    return tuple(found)


def refuse_edits(person: Person, overrides: Sequence[Override], tables: Mapping[str, pl.DataFrame]) -> None:
    """Raise NotAllowedError, with every fault, where a person may not make one of the overrides; see `edit_faults`."""
    faults = edit_faults(person, overrides, tables)
    if len(faults) == 1:
        raise NotAllowedError(faults[0].message, faults[0].fix, faults[0].where)
    if faults:
        raise NotAllowedError(f"{person.name} may not make {len(faults)} of these changes; nothing was changed.", "", faults=faults)


def refuse_outside(person: Person, overrides: Sequence[Override], tables: Mapping[str, pl.DataFrame]) -> None:
    """Raise NotAllowedError, with every fault, where an override touches cells outside of the person's slices.

    It is all that is asked of those who may decide what others change. `tables` as in `edit_faults`.
    """
    if person.alone or not person.slices:
        return
    slices = Slices(person.slices, tables)
    refused = [(override, slices.refusal(person.name, override)) for override in overrides]
    faults = [Fault(*why, Where(table=override.table, column=override.id or override.column)) for override, why in refused if why]
    if faults:
        raise NotAllowedError(faults[0].message, faults[0].fix, faults[0].where, faults if len(faults) > 1 else ())


def edit_faults(person: Person, overrides: Sequence[Override], tables: Mapping[str, pl.DataFrame]) -> list[Fault]:
    """Return why a person may not make overrides, at most one fault for each; none in single-user mode.

    `tables` has the masters (item, market, location, ...), `period` and `setting`, and the given tables that the overrides change.
    First the roles must allow the table, then every cell that an override may touch, now or later, must lie in one of the person's slices,
    then outside the periods that are fenced off for all of their roles.
    """
    if person.alone:
        return []
    slices, fences = Slices(person.slices, tables), _Fences(person, tables)
    faults = []
    for override in overrides:
        why = _refusal(person, override) or slices.refusal(person.name, override) or fences.refusal(override)
        if why:
            faults.append(Fault(*why, Where(table=override.table, column=override.id or override.column)))
    return faults


def _refusal(person: Person, override: Override) -> tuple[str, str] | None:
    for permissions in edit_permissions(override):
        try:
            require(person, f"change {_subject(override)}", *permissions)
        except NotAllowedError as error:
            return error.message, error.fix
    return None


def _subject(override: Override) -> str:
    if override.table == "setting":
        named = override.where.get("setting")
        return f"the setting {named}" if isinstance(named, str) else "settings"
    return override.table if override.operation in {"insert", "remove"} else f"{override.column} of {override.table}"


class _Fences:
    """The first periods of the horizon, whose demand a role may not change. Of several roles the least strict counts."""

    def __init__(self, person: Person, tables: Mapping[str, pl.DataFrame]) -> None:
        self._tables = tables
        self._roles = person.roles
        self._last = fence_of(person, tables)

    def refusal(self, override: Override) -> tuple[str, str] | None:
        """Return why the fence forbids an override, and the remedy."""
        last = self._last
        if last is None or override.table not in FENCED:
            return None
        days = sorted({day for day in self._days(override) if day <= last})
        if not days:
            return None
        labels = dict(self._tables["period"].select("period", "label").iter_rows()) if "period" in self._tables else {}
        first, final = (str(labels.get(day) or day) for day in (days[0], days[-1]))
        what = f"{first} is" if len(days) == 1 else f"{first} to {final} are"
        free = [role for role in roles_with("edit_demand") if fence_of(Person("", (role,)), self._tables) is None]
        ask = f", or ask somebody who is {either(free)}" if free else ""
        return (
            f"'{override}' changes what is fenced off: {what} closed to the role {' and '.join(self._roles)}.",
            f"Leave these periods out{ask}, or propose it.",
        )

    def _days(self, override: Override) -> Iterator[dt.date]:
        """Yield the days that an override may touch: those it names, and the one it moves something to."""
        column = FENCED[override.table]
        if isinstance(override.value, dict):
            yield from _as_days(override.value.get(column))
            return
        if override.column == column:
            yield from _as_days(override.value)
        name, asked = override.table, override
        if column == "period":  # every period that it names, whether the table has it today or not
            name, known = "period", self._tables["period"].columns
            asked = override.model_copy(update={"where": {one: value for one, value in override.where.items() if one in known}})
        elif name not in self._tables:
            return
        frame = self._tables[name]
        yield from frame.get_column(column).gather(Cells(name, frame, self._tables).find(asked)).drop_nulls()


def _as_days(value: object) -> Iterator[dt.date]:
    if isinstance(value, dt.date):
        yield value
    elif isinstance(value, str):
        from equipoise.scenario import parse_period

        yield parse_period(value)


def fence_of(person: Person, tables: Mapping[str, pl.DataFrame]) -> dt.date | None:
    """Return the last day whose demand a person may not change by the setting demand.fences; None where they may change all."""
    if person.alone or not person.roles:
        return None
    fences = Terms.of(tables).fences
    ends = [fences.get(role.casefold()) for role in person.roles if may(Person("", (role,)), "edit_demand")]
    return None if not ends or None in ends else min(end for end in ends if end is not None)
