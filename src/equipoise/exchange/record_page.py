"""What is written of the record: agendas, minutes and notices as a page in the look of the report, as Markdown and as plain text."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from equipoise.decide.part import Part
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Points, Section
from equipoise.exchange.pack.markdown import markdown
from equipoise.exchange.pack.page import page

_WHOLE = ("Decision", "Action", "Override", "Due", "From", "To", "By", "Day", "Expires")


def record_page(title: str, below: str, parts: Iterable[Part]) -> tuple[str, str]:
    """Return parts as one HTML page that needs nothing else, and as Markdown."""
    made = tuple(_sections(parts))
    return page(title, below, made), markdown(title, below, made)


def _sections(parts: Iterable[Part]) -> Iterator[Section]:
    for (under, _), group in groupby(parts, key=lambda part: (part.under, "" if part.under else part.key)):
        held = list(group)
        if not under:
            yield Section(held[0].key, held[0].title, tuple(_blocks(held[0])))
            continue
        yield Section(held[0].key, under, tuple(block for part in held for block in (Heading(part.title), *_blocks(part))))


def _blocks(part: Part) -> Iterator[Block]:
    if part.sentences:
        yield Paragraph(part.sentences[0]) if len(part.sentences) == 1 else Points(part.sentences)
    if part.rows:
        heads = tuple(Head(head, number=head in part.numbers, whole=head in _WHOLE) for head in part.heads)
        yield Grid(part.caption, heads, part.rows)


def plain(title: str, below: str, parts: Iterable[Part]) -> str:
    """Return parts as text for a message: a line a row, its cells with their headings."""
    lines = [title, below, ""]
    for part in parts:
        lines += [part.title.upper(), *part.sentences]
        for row in part.rows:
            cells = [f"{head}: {cell}" if head else cell for head, cell in zip(part.heads[1:], row[1:], strict=True) if cell]
            lines.append(f"- {row[0]}{' (' + '; '.join(cells) + ')' if cells else ''}")
        lines.append("")
    return "\n".join(line for line in lines).strip() + "\n"
