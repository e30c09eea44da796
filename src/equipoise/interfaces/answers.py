"""How an answer without a form of its own is printed: sentences, values by name, lists as tables."""

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WORDY = 60


def print_answer(answer: BaseModel, console: Console) -> None:
    """Print an answer: its headline first, single values, then lists; what is empty is left out."""
    fields = {name: getattr(answer, name) for name in type(answer).model_fields}
    for sentence in fields.pop("headline", ()):
        console.print(escape(str(sentence)), soft_wrap=True)
    single = {name: value for name, value in fields.items() if _single(value) and value not in {None, ""}}
    for name, value in single.items():
        console.print(f"[dim]{_words(name)}:[/] {escape(cell(value))}", soft_wrap=True)
    for name, value in fields.items():
        if not _single(value) and value:
            _part(name, value, console)


def _part(name: str, value: object, console: Console) -> None:
    console.print(f"\n[bold]{_words(name)}[/]")
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        for key, one in value.items():
            if one not in (None, "", [], {}):
                console.print(f"  {escape(_words(str(key)))}: {escape(cell(one))}", soft_wrap=True)
    elif isinstance(value, (list, tuple)) and all(isinstance(one, BaseModel) for one in value):
        _table([one.model_dump() for one in value], console)
    elif isinstance(value, (list, tuple)):
        for one in value:
            console.print(f"  • {escape(cell(one))}", soft_wrap=True)


def _table(rows: list[dict[str, object]], console: Console) -> None:
    """Print rows as a table of the columns that hold something; long words fold."""
    names = [name for name in rows[0] if any(row[name] not in (None, "", [], {}, False) for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in names:
        values = [row[name] for row in rows]
        numeric = any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        wordy = any(len(str(value)) > _WORDY for value in values)
        table.add_column(
            _words(name), justify="right" if numeric else "left", overflow="fold", no_wrap=not wordy, min_width=20 if wordy else None
        )
    for row in rows:
        table.add_row(*(escape(cell(row[name])) for name in names))
    wide = console if console.is_terminal else Console(file=console.file, highlight=False, width=max(console.width, 60 * len(names)))
    wide.print(table)


def _single(value: object) -> bool:
    return not isinstance(value, (BaseModel, dict, list, tuple))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def cell(value: object) -> str:
    """Return a value as people read it: thousands apart, yes or no, nothing for nothing, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:,.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(one) for one in value)
    return str(value)
