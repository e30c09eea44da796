"""The parts of a workbook, looked at before a library takes them in: a few kilobytes may unpack to terabytes, or name a cell so far out
that everything before it fills memory.

What is handed on is a plain archive of the very bytes that were looked at: of what is told twice, or falsely, nothing is left.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from equipoise.tables.ceilings import most

_UNREAD = re.compile(  # what holds no cells: left out of what is handed on
    r"(docProps|customXml|xl/(media|drawings|charts|chartsheets|embeddings|printerSettings|theme|pivot\w*|externalLinks|activeX|ctrlProps))/.*"
    r"|.*(\.bin|calcChain\.\w+|comments\d*\.\w+)|(?!xl/|_rels/|\[Content_Types\]\.xml$).*",
    re.IGNORECASE,
)
_SMALL = 50_000_000  # bytes that a part may have however well it is packed
_BLOCK = 1 << 20
_USUAL = re.compile(rb'<c r="([A-Za-z]+)[0-9]')  # as every program writes a cell; found in a tenth of the time
_USUAL_FAR = re.compile(rb'<c r="[A-Za-z]+([0-9]{6,})')
_COLUMN = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]+)[0-9]""")
_ROW = re.compile(rb"""\br\s*=\s*["']\s*[A-Za-z]*([0-9]+)""")
_LONGEST_COLUMN = 10
_ROWS = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_WHOLE = re.compile(rb"<(?:\w+:)?v\b[^<>]{0,100}>\s*([0-9]{1,9})\s*<")
_TAG = re.compile(rb"<[^<>]{0,2000}>")
_ITEM = re.compile(rb"</(?:\w+:)?si\s*>")
_EXCELS_ROWS, _EXCELS_COLUMNS = 1_048_576, 16_384


class UnsafeError(Exception):
    """The workbook is not taken in: what is wrong, and the remedy."""


def parts(path: Path) -> bytes:
    """Return a workbook (.xlsx or .xlsm) as a plain archive of the parts that hold its cells.

    Raises UnsafeError where it has too many or too large parts, is packed too well to be true, holds more cells or longer texts than can be
    read, or defines entities, which no spreadsheet program does; BadZipFile or OSError where it is no archive.
    """
    made = io.BytesIO()
    if path.stat().st_size > most("unpacked_bytes"):
        raise UnsafeError(f"The workbook has {path.stat().st_size / 1e6:,.0f} MB.", "Give large tables as CSV or Parquet.")
    with zipfile.ZipFile(path) as archive:
        bodies = dict(_unpacked(archive))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, body in bodies.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    for body in bodies.values():
        _refuse_tricks(body)
    sheets = [body for body in bodies.values() if b"sheetData" in body]
    for body in sheets:
        _refuse_far_cells(body)
    _refuse_long_texts(sheets, [body for name, body in bodies.items() if name.lower().endswith("sharedstrings.xml")])
    return made.getvalue()


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > most("archive_entries"):
        raise UnsafeError(f"The workbook's archive has {len(entries):,} entries.", "Save it again with a spreadsheet program.")
    left = most("unpacked_bytes")
    for entry in entries:
        if entry.is_dir() or _UNREAD.fullmatch(entry.filename):
            continue
        body = bytearray()
        with archive.open(entry) as stream:
            while block := stream.read(_BLOCK):
                body += block
                if len(body) > left or (len(body) > _SMALL and len(body) > most("packing") * max(entry.compress_size, 1)):
                    size = max(entry.file_size, len(body))
                    raise UnsafeError(f"The workbook unpacks to {size / 1e9:.1f} GB.", "Give large tables as CSV or Parquet.")
        left -= len(body)
        yield entry.filename, bytes(body)


def _refuse_tricks(body: bytes) -> None:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise UnsafeError(
            "The workbook defines entities, or is in an encoding that no spreadsheet program writes.",
            "Save it again with a spreadsheet program.",
        )


def _refuse_far_cells(body: bytes) -> None:
    """Refuse a sheet whose last row and column span more cells than can be held: a library fills all of them with nothing."""
    if b"<!" in body or body.count(b"<?") > 1:
        raise UnsafeError("A sheet of the workbook has comments or the like in it.", "Save it again with a spreadsheet program.")
    named = _USUAL.findall(body)
    right = max((_number(letters[:_LONGEST_COLUMN]) for letters in set(named)), default=1)
    bottom = max([int(row[:12]) for row in set(_USUAL_FAR.findall(body))] + [99_999])
    if _most_cells(body) > len(named) or right * bottom > most("workbook_cells"):  # only now is it worth to look closely
        right = max((_number(letters[:_LONGEST_COLUMN]) for letters in set(_COLUMN.findall(body))), default=1)
        right = max(right, *(len(_CELL.findall(row)) for row in _ROWS.split(body)))
        bottom = max([int(row[:12]) for row in set(_ROW.findall(body))] + [len(_ROWS.findall(body))])
    if bottom > _EXCELS_ROWS or right > _EXCELS_COLUMNS:
        raise _far()
    if right * bottom > most("workbook_cells"):
        raise UnsafeError(
            f"A sheet of the workbook spans {right * bottom:,} cells, to column {right:,} and row {bottom:,}; "
            f"the most is {most('workbook_cells'):,}.",
            "Delete what stands far out, or give large tables as CSV or Parquet.",
        )


def _most_cells(body: bytes) -> int:
    """Return how many cells a sheet has, or a few more: other elements that begin with c are left out."""
    return body.count(b"<c") + body.count(b":c") - sum(body.count(other) for other in (b"<co", b"<cf", b"<cu", b"<ce"))


def _far() -> UnsafeError:
    return UnsafeError("The workbook has a cell further out than a sheet goes.", "Save it again with a spreadsheet program.")


def _number(letters: bytes) -> int:
    """Return the number of a column from its letters: A is 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _refuse_long_texts(sheets: list[bytes], shared: list[bytes]) -> None:
    """Refuse texts longer than a cell holds, and texts that stand in so many cells that memory does not hold them."""
    longest = most("cell_characters")
    lengths = [_length(item, longest) for body in shared for item in _ITEM.split(body)]
    if max(lengths, default=0) > longest:
        raise UnsafeError(
            f"The workbook has a text of about {max(lengths):,} bytes; a cell holds at most {longest:,} characters.", "Shorten it."
        )
    room = most("unpacked_bytes")
    if sum(map(_most_cells, sheets)) * max(lengths, default=0) > room:
        places = (int(place) for body in sheets for place in _WHOLE.findall(body))
        if sum(lengths[place] for place in places if place < len(lengths)) > room:
            raise UnsafeError(f"The texts of the workbook's cells take more than {room / 1e6:,.0f} MB.", "Shorten them.")


def _length(item: bytes, longest: int) -> int:
    """Return how long a shared text is at most, in bytes; without its markup and with entities as one letter where that matters."""
    return len(item) if len(item) <= longest else len(re.sub(rb"&[#\w]{1,8};", b"x", _TAG.sub(b"", item)).decode("utf-8", "replace"))
