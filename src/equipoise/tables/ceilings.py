"""The most that is taken in: what is larger is refused before it costs memory or time. Whoever runs the machine may set each otherwise.

A plan file cannot: it may be what a ceiling guards against. The environment variable of a ceiling is EQUIPOISE_MOST_ and its name in
capitals, such as EQUIPOISE_MOST_CELLS.
"""

import os
from dataclasses import dataclass
from typing import Literal

from equipoise.errors import InputError

Name = Literal[
    "document_characters",
    "document_values",
    "document_depth",
    "document_aliases",
    "sentence_characters",
    "request_characters",
    "request_values",
    "file_bytes",
    "unpacked_bytes",
    "archive_entries",
    "packing",
    "columns",
    "cells",
    "workbook_cells",
    "cell_characters",
]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most of something, and what it is."""

    most: int
    meaning: str


CEILINGS: dict[Name, Ceiling] = {
    "document_characters": Ceiling(5_000_000, "characters of a YAML file: plan, inbox, workspace"),
    "document_values": Ceiling(500_000, "values of a YAML file, those that aliases repeat among them"),
    "document_depth": Ceiling(40, "levels to which values are nested in a YAML file, a request or a record"),
    "document_aliases": Ceiling(100, "aliases (*name) in a YAML file"),
    "sentence_characters": Ceiling(10_000, "characters of a change, a cell or a trigger in words"),
    "request_characters": Ceiling(5_000_000, "characters of all texts of one request"),
    "request_values": Ceiling(200_000, "values of one request"),
    "file_bytes": Ceiling(4_000_000_000, "bytes of a file of data"),
    "unpacked_bytes": Ceiling(1_000_000_000, "bytes to which a packed file, workbook or text in another encoding than UTF-8 unpacks"),
    "archive_entries": Ceiling(10_000, "entries of a workbook's archive"),
    "packing": Ceiling(400, "times that a part of an archive may be larger than it is packed, beyond 50 MB"),
    "columns": Ceiling(16_384, "columns of a table that is read"),
    "cells": Ceiling(300_000_000, "cells of a Parquet file that are read"),
    "workbook_cells": Ceiling(60_000_000, "cells of a sheet, from its first filled one to its last"),
    "cell_characters": Ceiling(32_767, "characters of one cell"),
}


def most(name: Name) -> int:
    """Return the most of something: what the environment says, else the default. InputError where it is no whole number."""
    variable = f"EQUIPOISE_MOST_{name.upper()}"
    said = os.environ.get(variable, "")
    if not said:
        return CEILINGS[name].most
    if not (said.isascii() and said.isdigit() and len(said) < 19 and int(said) > 0):
        raise InputError(
            f"The variable {variable} is no whole number above 0.", f"Set it to one, or unset it: then it is {CEILINGS[name].most:,}."
        )
    return int(said)


def short_enough(text: str, what: str) -> str:
    """Return a sentence as it is. Raises InputError where it is longer than any that somebody means."""
    longest = most("sentence_characters")
    if len(text) > longest:
        raise InputError(f"The {what} has {len(text):,} characters; the most is {longest:,}.", f"It begins: {text[:80]}")
    return text
