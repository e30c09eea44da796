"""What the command line prints: progress by step, then a short summary in colour."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from equipoise.errors import EquipoiseError, Fault
from equipoise.interfaces.answers import cell, print_answer
from equipoise.service import Operation
from equipoise.service.messages import (
    CheckAnswer,
    ExplainAnswer,
    InitAnswer,
    IssueLine,
    PromoteAnswer,
    RunAnswer,
    ShowAnswer,
    TryAnswer,
)
from equipoise.tables.figures import number, share

if TYPE_CHECKING:
    from equipoise.cycle import Progress

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)
_COLOUR = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_MOST_ISSUES = 12
_IN_THOUSANDS = 10_000_000
_LONG = 100  # letters of a cell that are told beside its origin


def _wide(width: int) -> Console:
    """Return a console for a table: a pipe or a file has no edge at which to fold it."""
    return OUT if OUT.is_terminal else Console(highlight=False, width=max(OUT.width, width))


@contextmanager
def progress(operation: Operation) -> Iterator["Callable[[Progress], None]"]:
    """Show what a long operation is doing, a line a step with its time, and what a watch tells; nothing for a short one."""
    if not operation.long and operation.name != "watch":
        yield lambda _: None
        return
    with ERR.status("Starting") as status:

        def listen(event: "Progress") -> None:
            name = event.step.replace("_", " ") + (f" for {event.scenario}" if event.scenario else "")
            if event.phase == "Watch":
                status.update("Watching")
                ERR.print(escape(event.step), soft_wrap=True)
            elif event.state == "begins":
                status.update(f"{event.phase}: {name}")
            elif operation.long and (not event.scenario or event.step == "supply"):
                seconds = "unchanged" if event.state == "unchanged" else f"{event.seconds:6.2f} s"
                ERR.print(f"  [dim]{event.phase:<16}[/] {escape(name):<34} [dim]{seconds}[/]")

        yield listen


def show(answer: BaseModel) -> None:
    """Print an answer for people."""
    if isinstance(answer, RunAnswer):
        _run(answer)
    elif isinstance(answer, CheckAnswer):
        _check(answer)
    elif isinstance(answer, ShowAnswer):
        _table(answer)
    elif isinstance(answer, ExplainAnswer):
        _explain(answer)
    elif isinstance(answer, TryAnswer):
        _tried(answer)
    elif isinstance(answer, PromoteAnswer):
        _promoted(answer)
    elif isinstance(answer, InitAnswer):
        OUT.print(f"Made [bold]{escape(answer.folder)}[/] with {len(answer.files)} files.")
        OUT.print(f"Next: [bold]{escape(answer.next)}[/]")
    else:
        print_answer(answer, OUT)


def fail(error: EquipoiseError) -> None:
    """Print an error: what is wrong, where, and what to do next, all faults at once."""
    place = f"{error.where}: " if str(error.where) else ""
    ERR.print(Text.assemble(("Error: ", "bold red"), f"{place}{error.message} ", (error.fix, "bold")), soft_wrap=True)
    for fault in error.faults:
        _fault(fault)


def _fault(fault: Fault) -> None:
    place = f"{fault.where}: " if str(fault.where) else ""
    ERR.print(
        Text.assemble(("  ", ""), (f"{fault.severity:<8}", _COLOUR[fault.severity]), place + fault.message + " ", (fault.fix, "bold")),
        soft_wrap=True,
    )


def _issues(issues: list[IssueLine], most: int) -> None:
    counts = {severity: sum(issue.severity == severity for issue in issues) for severity in _COLOUR}
    if not issues:
        OUT.print("No faults found in the data.")
        return
    words = ", ".join(
        f"[{_COLOUR[severity]}]{count} {severity}{'s' if count != 1 else ''}[/]" for severity, count in counts.items() if count
    )
    OUT.print(f"Data: {words}")
    for issue in issues[:most]:
        place = ", ".join(filter(None, (issue.source, issue.table, f"row {issue.row}" if issue.row is not None else "", issue.column)))
        OUT.print(
            Text.assemble(("  ", ""), (f"{issue.severity:<8}", _COLOUR[issue.severity]), f"{place}: {issue.message} ", (issue.fix, "dim")),
            soft_wrap=True,
        )
    if len(issues) > most:
        OUT.print(f"  [dim]and {len(issues) - most} more: equipoise check, or the table issue[/]")


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return share(value) if unit == "fraction" else number(value)


def _run(answer: RunAnswer) -> None:
    if answer.unchanged:
        OUT.print(f"[bold]{escape(answer.plan)}[/]: nothing has changed since [bold]{answer.version}[/], which stands.")
    else:
        OUT.print(f"\n[bold green]{escape(answer.plan)} {answer.version}[/] in {answer.seconds:.1f} s")
    for sentence in answer.headline:
        OUT.print(f"  {escape(sentence)}", soft_wrap=True)
    _figures(answer)
    if answer.raised:
        OUT.print("\n[bold]Raised[/]")
        for sentence in answer.raised:
            OUT.print(f"  • {escape(sentence)}", soft_wrap=True)
    if answer.actions:
        OUT.print("\n[bold]First actions[/]")
        for action in answer.actions[:5]:
            OUT.print(f"  • {escape(action)}", soft_wrap=True)
    OUT.print()
    _issues(answer.issues, 0 if answer.unchanged else _MOST_ISSUES)
    OUT.print(f"\nOutputs in [bold]{escape(answer.folder)}[/]", soft_wrap=True)
    for file in answer.files:
        if "/" not in file:
            OUT.print(f"  {escape(file)}", soft_wrap=True)


def _figures(answer: RunAnswer) -> None:
    """Print the scenarios side by side: a row a measure, and why a measure is missing."""
    if not answer.scenarios:
        return
    shown = [figure for figure in answer.figures if any(line.figures.get(figure.name) is not None for line in answer.scenarios)]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("")
    for line in answer.scenarios:
        table.add_column(line.scenario, justify="right")
    table.add_column("", style="dim")
    for figure in shown:
        values = [line.figures.get(figure.name) for line in answer.scenarios]
        thousands = max((abs(value) for value in values if value is not None), default=0.0) >= _IN_THOUSANDS
        cells = [_number(value / 1000 if thousands and value is not None else value, figure.unit) for value in values]
        unit = "" if figure.unit == "fraction" else f"thousand {figure.unit}" if thousands else figure.unit
        table.add_row(figure.name.replace("_", " ").capitalize(), *cells, unit)
    OUT.print()
    _wide(12 * len(answer.scenarios) + 45).print(table)
    missing: dict[str, list[str]] = {}
    for figure in answer.figures:
        if figure not in shown and figure.note:
            missing.setdefault(figure.note, []).append(figure.name.replace("_", " "))
    for why, names in missing.items():
        OUT.print(f"  [dim]Not shown: {', '.join(names)}. {escape(why)}[/]", soft_wrap=True)
    for line in answer.scenarios:
        if line.note:
            OUT.print(f"  [yellow]{escape(line.scenario)}[/]: {escape(line.note)}", soft_wrap=True)


def _check(answer: CheckAnswer) -> None:
    OUT.print(f"[bold]{escape(answer.plan)}[/]: " + ", ".join(f"{name} {rows:,}" for name, rows in answer.tables.items()), soft_wrap=True)
    if answer.assumptions:
        OUT.print(f"\n[bold]Assumptions[/] ({len(answer.assumptions)})")
        for assumption in answer.assumptions:
            OUT.print(f"  {escape(assumption)}", soft_wrap=True)
    OUT.print()
    _issues(answer.issues, len(answer.issues))


def _table(answer: ShowAnswer) -> None:
    table = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        padding=(0, 2, 0, 0),
        title=f"{answer.table} ({answer.plan} {answer.version})",
        title_justify="left",
    )
    for position, name in enumerate(answer.columns):
        numeric = any(isinstance(row[position], (int, float)) for row in answer.rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(escape(cell(value)) for value in row))
    console = _wide(40 * len(answer.columns))
    console.print(table)
    console.print(f"[dim]{escape(answer.meaning)}  {len(answer.rows):,} of {answer.total_rows:,} rows.[/]", soft_wrap=True)


def _explain(answer: ExplainAnswer) -> None:
    """Print a cell and the links of its origin, those further away indented; what is long is told by a link and not repeated."""
    of = f", scenario {answer.scenario}" if answer.scenario else ""
    OUT.print(f"[bold]{answer.table}[/] ({escape(answer.plan)} {answer.version}{escape(of)})")
    for name, value in answer.cell.items():
        if (text := cell(value)) and len(text) <= _LONG:
            mark = "bold" if name == answer.column else "none"
            OUT.print(f"  {name}: [{mark}]{escape(text)}[/]")
    for reason in answer.reasons:
        colour = "cyan" if reason.depth == 0 else "dim cyan"
        OUT.print(f"[{colour}]{reason.table:<16}[/] {escape(reason.statement)}", soft_wrap=True)
    if answer.more:
        OUT.print(f"[dim]... and {answer.more} more links: --limit 0 shows all, --depth 1 only the nearest tables[/]")


def _tried(answer: TryAnswer) -> None:
    """Print what a change does: a row a measure that it moves, then the largest gaps that are left."""
    for change in answer.changes:
        OUT.print(f"[bold]{escape(change)}[/]", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("")
    for head in ("base", "tried", "difference"):
        table.add_column(head, justify="right")
    table.add_column("", style="dim")
    for line in answer.measures:
        if line.difference is None or abs(line.difference) > 1e-9:
            unit = "" if line.unit == "fraction" else line.unit
            difference = "" if line.difference is None else _change(line.difference, line.unit)
            name = line.name.replace("_", " ").capitalize()
            table.add_row(name, _number(line.base, line.unit), _number(line.value, line.unit), difference, unit)
    OUT.print(table if table.row_count else "Nothing that is measured changes.")
    for gap in answer.gaps:
        OUT.print(f"  • {escape(gap)}", soft_wrap=True)
    OUT.print(f"[dim]{escape(answer.status)}, in {answer.seconds:.2f} s; nothing was stored[/]")


def _change(difference: float, unit: str) -> str:
    return f"{difference * 100:+.2g} points" if unit == "fraction" else f"{'+' if difference > 0 else ''}{number(difference)}"


def _promoted(answer: PromoteAnswer) -> None:
    inside = answer.name in answer.promoted
    OUT.print(f"The {answer.kind} [bold]{escape(answer.name)}[/] is {'now part of' if inside else 'no longer part of'} the base plan.")
    for override in answer.overrides:
        OUT.print(f"  {escape(override)}", soft_wrap=True)
    OUT.print(f"Next: [bold]{escape(answer.next)}[/]")
