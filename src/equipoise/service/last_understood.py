"""A plan file with a fault does not close the record: what reads it goes on by the last version, and tells the fault."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING

from pydantic import BaseModel

from equipoise.errors import PlanFileError
from equipoise.service.register import Context

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.service.workspace import Workspace

Reads = Callable[[BaseModel, Context], BaseModel]


def by_the_last_version(function: Reads) -> Reads:
    """Return the function so that it goes on by the plan's last version where the plan file has faults; its headline tells them.

    Without a version it raises the PlanFileError.
    """

    @wraps(function)
    def forgiving(request: BaseModel, context: Context) -> BaseModel:
        try:
            return function(request, context)
        except PlanFileError as error:
            answer = function(request, replace(context, forgiving=True))
            said = error.faults[0].message if error.faults else error.message
            line = error.faults[0].where.row if error.faults else None
            more = f" ({len(error.faults)} faults in all)" if len(error.faults) > 1 else ""
            told = f"The plan file is wrong{f' in line {line}' if line else ''}: {said}{more} This goes by the plan's last version."
            return answer.model_copy(update={"headline": [told, *getattr(answer, "headline", [])]})

    return forgiving


def plan_of(place: "Workspace", context: Context) -> "Plan":
    """Return what the plan file says; where it is wrong and `context` is forgiving, what the plan's last version knows of it.

    That is its settings, business unit and the names of its scenarios. Raises PlanFileError where the file is wrong and nothing was run.
    """
    from equipoise.service.gathering import understood

    try:
        return understood(place, context.today)
    except PlanFileError:
        versions = place.versions() if context.forgiving else []
        if not versions:
            raise
    from equipoise.gather import Plan
    from equipoise.scenario import Scenario
    from equipoise.tables.process_setting import ProcessSetting
    from equipoise.tables.setting import from_table

    last = versions[-1]
    content = last.tables.get("scenario_result", "")
    names = place.store.table(content).get_column("scenario").unique(maintain_order=True).to_list() if content else ["base"]
    return Plan(
        place.plan_file.name,
        from_table(place.store.table(last.tables["setting"])),
        scenarios=tuple(Scenario(name=name) for name in names),
        process=ProcessSetting(business_unit=last.business_unit),
    )
