"""Make a workspace to start from."""

from pathlib import Path

from equipoise.errors import InputError, Where
from equipoise.service import starter
from equipoise.service.messages import InitAnswer, InitRequest
from equipoise.service.register import Context


def init(request: InitRequest, context: Context) -> InitAnswer:
    """Make a folder with a plan file and its tables, ready to run and to be filled with a company's own.

    Raises InputError where the folder already holds a plan, or cannot be written: nothing there is ever overwritten.
    """
    folder = Path(request.folder).expanduser()
    files = starter.files(context.today)
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise InputError(f"{folder} already has {', '.join(taken[:3])}.", "Choose an empty folder.", Where(str(folder)))
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.", "Choose another folder.", Where(str(folder))) from error
    return InitAnswer(folder=str(folder), files=list(files), next=f"equipoise run {folder}")
