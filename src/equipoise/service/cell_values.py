"""Whether what cells and slices name is in the plan: said, and not refused, for it may come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equipoise.errors import InputError
from equipoise.process.slices import MASTERS, read_slice
from equipoise.scenario import ATTRIBUTES, Condition
from equipoise.scenario.cells import Cells
from equipoise.service.matching import StoredTables
from equipoise.service.subjects import cells_of
from equipoise.service.workspace import Workspace
from equipoise.tables import DICTIONARY


@dataclass(frozen=True, slots=True)
class _Asking:
    where: Mapping[str, Condition]
    words: str

    def __str__(self) -> str:
        return self.words


def cells_that_are_not_there(texts: Sequence[str], place: Workspace) -> list[str]:
    """Return a sentence for each text, such as `demand_plan item=A`, that names no row of the plan's last version, with the nearest.

    Texts that name no cells say nothing, and neither does a plan that was not run yet.
    """
    named = [(text, found) for text in texts if (found := cells_of(text)) is not None]
    return [said for text, (name, where) in named if (said := _not_there(place, text, name, where))]


def slices_that_are_not_there(texts: Sequence[str], place: Workspace) -> list[str]:
    """Return a sentence for each condition of slices, such as `region=North`, that nothing in the plan's last version meets."""
    found = []
    for text in texts:
        for column, condition in read_slice(text).items():
            owner = column if column in MASTERS else next(one for one in MASTERS if column in DICTIONARY[one].by_name)
            found += [said] if (said := _not_there(place, text, owner, {column: condition})) else []
    return found


def _not_there(place: Workspace, text: str, name: str, where: Mapping[str, Condition]) -> str:
    versions = place.versions()[-1:]
    if not versions or name not in versions[0].tables or not where:
        return ""
    stored = StoredTables(place, versions[0], ("setting", "period", *ATTRIBUTES, name))
    cells, asking = Cells(name, stored[name], stored), _Asking(where, text)
    try:
        if cells.find(asking).size:
            return ""
        return f"'{text}' names nothing in {versions[0].name}: {cells.nearest(asking)}"
    except InputError as error:
        return f"'{text}' names nothing in {versions[0].name}: {error.message}"
