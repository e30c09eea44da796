"""Changes as planners type them: `demand_plan family=Tents; period=2027-04..2027-06: +10 %` becomes an override."""

import re

from pydantic import ValidationError

from equipoise.errors import Fault, InputError, Where
from equipoise.scenario import Override, columns_of, faults_of, parse_where
from equipoise.tables import DICTIONARY
from equipoise.tables.ceilings import short_enough

FORMS = (
    "Write TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents; period=2027-04..2027-06: +10 %', "
    "'capacity.regular resource=Line 2: + 200', 'purchase_limit.maximum purchase=DOWN contract: 0', or an override as JSON."
)
_HEAD = re.compile(r"(?P<table>[a-z_]+)(?:\.(?P<column>[a-z_]+))?(?:\s+(?P<where>.+))?")
_COMMA = re.compile(r",(?=\s*([a-z_]+)\s*=)")
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"  # 1200, 1,200 and 1,200.5; never 1,5, which may mean either
_GROUPED = re.compile(rf"-?{_NUMBER}")


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _plain(text: str) -> object:
    try:
        return _number(text) if _GROUPED.fullmatch(text) else float(text)
    except ValueError:
        return text


_CHANGES = (
    (re.compile(r"[+\-−]\s*\d+(?:\.\d+|,\d{1,2})?\s*%"), "scale", lambda text: text),
    (re.compile(rf"[*x×]\s*{_NUMBER}"), "scale", lambda text: _number(text.lstrip("*x× "))),
    (re.compile(rf"\+\s*{_NUMBER}"), "add", lambda text: _number(text.lstrip("+ "))),
    (re.compile(rf"[\-−]\s*{_NUMBER}"), "add", lambda text: -_number(text.lstrip("-− "))),
    (re.compile(r"remove"), "remove", lambda _: None),
    (re.compile(r"=\s*.*"), "set", lambda text: _plain(text[1:].strip())),
    (re.compile(_NUMBER), "set", _number),
)


def read_change(text: str, reason: str) -> Override:
    """Return the override that a change in words, or as JSON, means. Raises InputError with the forms that are known."""
    short_enough(text, "change")
    try:
        override = Override.model_validate_json(text) if text.lstrip().startswith("{") else _from_words(text, reason)
    except ValidationError as error:
        words = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise InputError(f"The change '{text}' is wrong: {words.rstrip('.')}.", FORMS) from None
    for _, fault in faults_of(override):
        raise fault
    return override


def _from_words(text: str, reason: str) -> Override:
    head, colon, said = text.rpartition(":")
    found = _HEAD.fullmatch(head.strip())
    said = said.strip()
    for pattern, operation, value in _CHANGES:
        if colon and found is not None and pattern.fullmatch(said):
            given = {"table": found["table"], "operation": operation, "value": value(said), "reason": reason}
            given |= {"where": parse_where(parted(found["where"], found["table"])) if found["where"] else {}}
            given |= {"column": found["column"]} if found["column"] else {}
            given |= {"split": "proportional"} if operation == "add" and found["table"] in {"demand_plan", "consensus", "baseline"} else {}
            return Override.model_validate(given)
    raise InputError(f"The change '{text}' is not understood.", FORMS)


def parted(where: str, name: str) -> str:
    """Return conditions parted by semicolons: a comma parts them too where the name of a column follows, never within a name."""
    if name not in DICTIONARY or where.lstrip().startswith("{"):
        return where
    return _COMMA.sub(lambda found: ";" if found[1] in columns_of(name) else found[0], where)


def read_changes(texts: list[str], reason: str) -> tuple[Override, ...]:
    """Return the overrides of all changes. Raises InputError with every one that is wrong."""
    found, faults = [], []
    for position, text in enumerate(texts):
        try:
            found.append(read_change(text, reason))
        except InputError as error:
            faults.append(Fault(error.message, error.fix, Where(column=f"change {position + 1}")))
    if faults:
        raise InputError("Not every change is understood.", "Correct them.", faults=faults)
    return tuple(found)
