"""What a section is made of. Blocks hold plain text; the writers of pages escape it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "good", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a quiet one says what is missing and why, or how to read what follows."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences; a numbered one is ranked."""

    points: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A key figure: its name, its value as printed, and how it compares."""

    name: str
    value: str
    comparison: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """Key figures side by side."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A column of a grid: its heading, whether it holds numbers, and whether its texts (dates) stay on one line."""

    text: str
    number: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as printed: text cells, some with a tone; `totals` are the positions of rows that sum others."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    tones: dict[tuple[int, int], Tone] = field(default_factory=dict)
    totals: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, drawn when it is asked for: `draw` returns one SVG element."""

    draw: Callable[[], str]
    caption: str = ""


Block = Heading | Paragraph | Points | Cards | Grid | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its key (used in links), its title and its blocks."""

    key: str
    title: str
    blocks: tuple[Block, ...]
