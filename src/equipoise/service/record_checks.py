"""What a record names must be there: its decision, the comment it answers, its cells, its scenario, its trigger, its options."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from equipoise.errors import EquipoiseError, Fault, Where
from equipoise.process.kept import word
from equipoise.scenario import parse_trigger
from equipoise.service.subjects import check_cell, check_scenario, check_subject

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.store.contract import Document


def check_record(kind: str, document: "Document", plan: "Plan", look: "Callable[[str, str], object]", identity: str) -> Iterator[Fault]:
    """Yield what is wrong with a document beyond its form: what it names and is not there. Blanks of a subject are made single.

    `look` returns the record of a kind and id, and raises NotFoundError where there is none.
    """
    checks: list[tuple[str, Callable[[], object]]] = []
    if kind == "comment":
        checks.append(("subject", lambda: document.update(subject=check_subject(word(document, "subject"), plan, look))))
        checks.append(("answers", lambda: _record(look, "comment", word(document, "answers"))))
    elif kind == "action":
        checks.append(("decision", lambda: _record(look, "decision", word(document, "decision"))))
    elif kind == "assumption":
        cells = document.get("cells")
        listed = cells if isinstance(cells, list) else []
        checks += [("cells", partial(check_cell, " ".join(str(cell).split()))) for cell in listed]
    elif kind == "risk":
        checks.append(("risk", lambda: _named(identity)))
        checks.append(("scenario", lambda: check_scenario(word(document, "scenario"), plan) if document.get("scenario") else None))
        checks.append(("trigger", lambda: parse_trigger(word(document, "trigger"), plan.calendar) if document.get("trigger") else None))
    elif kind == "decision":
        from equipoise.service.decisions import check_options

        checks.append(("options", lambda: check_options(document.get("options"))))
    for column, check in checks:
        try:
            check()
        except EquipoiseError as error:
            yield from error.faults or [Fault(error.message, error.fix, Where(table=kind, column=column))]


def _record(look: "Callable[[str, str], object]", kind: str, identity: str) -> None:
    if identity:
        look(kind, identity)


def _named(identity: str) -> None:
    from equipoise.errors import InputError

    if not identity.strip():
        raise InputError("A risk has a name.", "Give it one: it is what the plan calls it.")
