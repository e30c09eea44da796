"""Recognises a plan file whose indentation was lost on its way, and shows how it should look."""

import re
from collections import defaultdict

from equipoise.errors import Fault, Where

_KEY = re.compile(r"^(- )?([A-Za-z_][\w-]*):(?:\s|$)")

# Keys that stand at the margin of a plan file; keys of the short form below `inputs`; and those of the entries of its lists.
MARGIN = (
    *("plan", "skill", "inputs", "outputs", "calendar", "currency", "data", "tables", "demand", "supply", "finance", "targets"),
    *("gaps", "options", "risk", "templates", "seed", "scenarios", "overrides", "constraints", "calibrate", "process"),
)
BELOW_INPUTS = ("planning_cycle", "planning_horizon", "as_of", "start", "demand_input", "supply_input", "constraints")
_GROUPS = ("inputs", "calendar", "data", "demand", "supply", "finance", "targets", "gaps", "options", "risk", "templates", "process")

_EXAMPLE = """\
inputs:
  planning_horizon: 18
  demand_input:
    - source: sales
      volume: 50000
  supply_input:
    - resource: Plant A
      capacity: 45000"""


def lost(text: str, name: str) -> Fault | None:
    """Return the fault that says that the indentation of a plan file is lost, or None where it is not.

    It is lost where no line is indented although a key that opens a group has nothing after it: what belongs to the group
    then stands at the margin.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")]
    if not lines or any(line[0] in " \t" for _, line in lines):
        return None
    found = [(number, match.group(2), bool(match.group(1)), line) for number, line in lines if (match := _KEY.match(line))]
    opened = [key for _, key, _, line in found if key in _GROUPS and not line.split(":", 1)[1].split("#")[0].strip()]
    strays = list(dict.fromkeys(key for _, key, dash, _ in found if not dash and key not in MARGIN))
    if not opened or not strays:
        return None
    places: dict[str, list[int]] = defaultdict(list)
    for number, key, _, _ in found:
        places[key].append(number)
    repeated = [f"{key} (lines {', '.join(map(str, at))})" for key, at in places.items() if len(at) > 1]
    again = f" Without it these keys are repeated: {', '.join(repeated)}." if repeated else ""
    message = (
        f"The indentation of this file is lost: no line is indented, so {', '.join(strays[:3])}"
        f"{' and others' if len(strays) > 3 else ''} no longer belong to {' or '.join(opened)}.{again}"
    )
    return Fault(
        message, f"Indent it again, two spaces a level. It should look like this:\n{_restored([line for _, line in lines])}", Where(name)
    )


def _restored(lines: list[str]) -> str:
    """Return the lines of a short form, indented again; an example where they are not a short form."""
    if "inputs:" not in [line.split("#")[0].strip() for line in lines]:
        return _EXAMPLE
    restored = []
    inside = False
    for line in lines:
        match = _KEY.match(line)
        dash, key = (bool(match.group(1)), match.group(2)) if match else (line.startswith("- "), "")
        if not dash and key in MARGIN and not (inside and key in BELOW_INPUTS):
            inside = key == "inputs"
            depth = 0
        elif not inside:
            depth = 2
        elif dash:
            depth = 4
        else:
            depth = 2 if key in BELOW_INPUTS else 6
        restored.append(" " * depth + line)
    return "\n".join(restored)
