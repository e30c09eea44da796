"""What every request and answer is made from. Field descriptions are the help texts of every door."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

LOCAL: dict[str, JsonValue] = {"local": True}
"""Mark of a field that names a path of the machine: only those who are at the machine give it."""
Cell = str | int | float | bool | None


class Message(BaseModel):
    """A request or an answer: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True, hide_input_in_errors=True)

    @property
    def in_vain(self) -> bool:
        """Whether an answer tells that what was waited for did not come about: the command line then ends with 1."""
        return False


class PlanRequest(Message):
    """A request about a plan."""

    plan: Annotated[str, Field(description="Plan file, or a folder with a plan.yaml")] = "."
    workspace: Annotated[
        str, Field(description="Folder for the store and the outputs; by default the plan file's own", json_schema_extra=LOCAL)
    ] = ""


class PagedRequest(PlanRequest):
    """A request about a list of which the latest are shown."""

    offset: Annotated[int, Field(description="Leave out so many of the latest", ge=0)] = 0
