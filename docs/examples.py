"""Play a small company's month through the API and keep a request and its answer for each operation, as the examples of its description.

Run it after a change of requests or answers: python docs/examples.py
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.doors.played import MONTH  # noqa: E402
from tests.doors.playing import Rest, door  # noqa: E402

from equipoise.interfaces.api import openapi  # noqa: E402
from equipoise.service import Context, call  # noqa: E402

KEPT = ROOT / "src" / "equipoise" / "interfaces" / "api" / "examples.json"
_MOST = 2
_SECRETS = {"token": "eq_...", "invitation": "eq_..."}


def short(held: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with its lists cut to two, and nothing that proves who somebody is."""
    if isinstance(held, dict):
        return {key: _SECRETS[key] if key in _SECRETS and value else short(value) for key, value in held.items()}
    if isinstance(held, list):
        return [short(one) for one in held[:_MOST]]
    return held


def played() -> dict[str, Any]:
    """Return a request and its answer for each operation: the first that was answered well, or else what was asked."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "lamps"
        call("init", {"folder": str(folder)})
        plan = folder / "plan.yaml"
        few = plan.read_text(encoding="utf-8").split("outputs:")[0] + "outputs: [scenarios]\nrisk: {paths: 0, sensitivity: 0}\n"
        plan.write_text(few, encoding="utf-8")
        call("run", {"plan": str(folder)}, Context())
        found: dict[str, Any] = {}
        with door("rest", folder) as opened:
            if not isinstance(opened, Rest):
                raise TypeError
            for name, values in MONTH:
                answer = opened.sent(name, values)
                good = "fix" not in answer
                if name not in found or (good and "answer" not in found[name]):
                    said = json.loads(json.dumps(short(answer)).replace(str(folder.resolve()), "/srv/lamps"))
                    found[name] = {"request": values, **({"answer": said} if good else {})}
        return found


if __name__ == "__main__":
    KEPT.write_text(json.dumps(played(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    openapi.examples.cache_clear()
    print(f"{KEPT.relative_to(ROOT)}: now run make docs")  # noqa: T201 - what the script says
