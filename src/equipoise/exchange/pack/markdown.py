"""Sections as Markdown: what people, agents and version control read."""

from collections.abc import Iterator

from equipoise.exchange.pack.blocks import Block, Cards, Grid, Heading, Paragraph, Points, Section

_SPECIAL = str.maketrans({"\\": "\\\\", "|": "\\|", "<": "&lt;", "*": "\\*", "`": "\\`", "[": "\\[", "\n": " ", "\r": " "})


def markdown(title: str, subtitle: str, sections: tuple[Section, ...]) -> str:
    """Return the sections as one Markdown text; pictures are left out, text that means something in Markdown is escaped."""
    parts = [f"# {_plain(title)}", _plain(subtitle)]
    for section in sections:
        parts.append(f"## {_plain(section.title)}")
        for block in section.blocks:
            parts += _block(block)
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(text: str) -> str:
    return text.translate(_SPECIAL).strip()


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"### {_plain(block.text)}"
    elif isinstance(block, Paragraph):
        yield f"_{_plain(block.text)}_" if block.quiet else _plain(block.text)
    elif isinstance(block, Points):
        yield "\n".join(f"{f'{number}.' if block.numbered else '-'} {_plain(text)}" for number, text in enumerate(block.points, start=1))
    elif isinstance(block, Cards):
        rows = ((card.name, card.value, card.comparison) for card in block.cards)
        yield _table(("Figure", "Value", ""), (False, True, False), tuple(rows))
    elif isinstance(block, Grid):
        yield f"**{_plain(block.caption)}**"
        yield _table(tuple(head.text for head in block.heads), tuple(head.number for head in block.heads), block.rows)


def _table(heads: tuple[str, ...], numbers: tuple[bool, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [_row(heads), _row(tuple("---:" if number else "---" for number in numbers), escape=False), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...], *, escape: bool = True) -> str:
    return f"| {' | '.join(_plain(cell) if escape else cell for cell in cells)} |"
