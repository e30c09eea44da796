"""Sections as one HTML page that needs nothing else: no script, no font, no request."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from equipoise.exchange.pack.blocks import Block, Card, Cards, Grid, Heading, Paragraph, Picture, Points, Section

SHORT = 14
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, subtitle: str, sections: tuple[Section, ...]) -> str:
    """Return the page. Every text is escaped; pictures are drawn now and stand in it as SVG."""
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{files(__package__).joinpath('page.css').read_text(encoding='utf-8')}</style>",
        "</head>",
        "<body>",
        *_opening(title, subtitle, sections),
        "<main>",
        *(line for section in sections for line in _section(section)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _opening(title: str, subtitle: str, sections: tuple[Section, ...]) -> Iterator[str]:
    yield f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>"
    links = "".join(f'<li><a href="#{escape(section.key)}">{escape(section.title)}</a></li>' for section in sections)
    yield f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _section(section: Section) -> Iterator[str]:
    key = escape(section.key)
    yield f'<section id="{key}" aria-labelledby="{key}-title">'
    yield f'<h2 id="{key}-title">{escape(section.title)}</h2>'
    for block in section.blocks:
        yield from _block(block)
    yield "</section>"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h3>{escape(block.text)}</h3>"
    elif isinstance(block, Paragraph):
        yield f'<p class="quiet">{escape(block.text)}</p>' if block.quiet else f"<p>{escape(block.text)}</p>"
    elif isinstance(block, Points):
        tag = "ol" if block.numbered else "ul"
        yield f"<{tag}>{''.join(f'<li>{escape(text)}</li>' for text in block.points)}</{tag}>"
    elif isinstance(block, Cards):
        yield f'<div class="cards">{"".join(_card(card) for card in block.cards)}</div>'
    elif isinstance(block, Picture):
        caption = f"<figcaption>{escape(block.caption)}</figcaption>" if block.caption else ""
        yield f"<figure>{block.draw()}{caption}</figure>"
    else:
        yield from _grid(block)


def _card(card: Card) -> str:
    tone = f' data-tone="{card.tone}"' if card.tone else ""
    name, value, comparison = escape(card.name), escape(card.value), escape(card.comparison)
    return f'<div class="card"{tone}><span class="name">{name}</span><strong>{value}</strong><span>{comparison}</span></div>'


def _grid(grid: Grid) -> Iterator[str]:
    names = " ".join(name for name, holds in (("wide", len(grid.heads) > 10), ("short", len(grid.rows) <= SHORT)) if holds)
    style = f' class="{names}"' if names else ""
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(grid.caption)}"><table{style}>'
    yield f"<caption>{escape(grid.caption)}</caption>"
    heads = "".join(f'<th scope="col"{_class(number=head.number)}>{escape(head.text)}</th>' for head in grid.heads)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for position, row in enumerate(grid.rows):
        total = ' class="total"' if position in grid.totals else ""
        yield f"<tr{total}>{''.join(_cell(grid, position, column, text) for column, text in enumerate(row))}</tr>"
    yield "</tbody></table></div>"


def _cell(grid: Grid, row: int, column: int, text: str) -> str:
    style = _class(number=grid.heads[column].number, whole=grid.heads[column].whole, tone=grid.tones.get((row, column), ""))
    if column == 0:
        return f'<th scope="row"{style}>{escape(text)}</th>'
    return f"<td{style}>{escape(text)}</td>"


def _class(*, number: bool, whole: bool = False, tone: str = "") -> str:
    names = " ".join(name for name in ("number" if number else "", "whole" if whole else "", tone) if name)
    return f' class="{names}"' if names else ""
