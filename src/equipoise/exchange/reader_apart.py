"""Reads workbooks of the older kinds (.xls, .xlsb) in a process of its own, short of memory and time: nobody can look into them first."""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

MEMORY = 4_000_000_000
"""Bytes that such a process may take; where the system knows no such limit, only its time is limited."""
SECONDS = 120
# What the process does: the sheets as files of their own, and their names in order.
_PROGRAM = """
import sys
try:
    import resource
    most = int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
import fastexcel
book = fastexcel.read_excel(sys.argv[1])
for number, name in enumerate(book.sheet_names):
    book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars().write_ipc(f"{sys.argv[2]}/{number}.arrow")
with open(f"{sys.argv[2]}/names", "w", encoding="utf-8") as file:
    file.write("\\0".join(book.sheet_names))
"""


def sheets(path: Path) -> dict[str, pl.DataFrame] | None:
    """Return the cells of a workbook as text, by sheet, in order; None where it cannot be read with the memory and time there are."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-I", "-c", _PROGRAM, str(path.resolve()), folder, str(MEMORY)]
        quiet = {"RUST_BACKTRACE": "0", "POLARS_MAX_THREADS": "1"}
        try:
            subprocess.run(line, check=True, capture_output=True, timeout=SECONDS, env={**os.environ, **quiet})  # noqa: S603 - this program
        except (subprocess.SubprocessError, OSError):
            return None
        names = (Path(folder) / "names").read_text(encoding="utf-8").split("\0")
        return {name: pl.read_ipc(io.BytesIO((Path(folder) / f"{number}.arrow").read_bytes())) for number, name in enumerate(names)}
