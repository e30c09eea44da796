"""The peer of `benchmarks.load`: bare FastAPI that returns the same bytes, and writes an edit as a row, on disk before it answers."""

import json
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response


def create(folder: Path) -> FastAPI:
    """Return the server of the bytes in `folder`/answer.json."""
    app, answer, lock = FastAPI(), (folder / "answer.json").read_bytes(), threading.Lock()
    database = sqlite3.connect(folder / "peer.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE edit (id INTEGER PRIMARY KEY, document TEXT)")

    @app.get("/read")
    def read() -> Response:
        return Response(answer, media_type="application/json")

    @app.post("/edit", status_code=201)
    def edit(document: dict[str, Any]) -> dict[str, int]:
        with lock:
            made = database.execute("INSERT INTO edit (document) VALUES (?)", (json.dumps(document),))
        return {"id": made.lastrowid or 0}

    return app


if __name__ == "__main__":
    uvicorn.run(create(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error")
