"""What is installed is what was looked at: every version pinned, by hash, from no address of its own."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_has_a_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|^-e |^\s*[./]", text, re.MULTILINE)
    pins = text.replace("\\\n", " ").splitlines()
    pins = [pin for pin in pins if pin.strip() and not pin.startswith("#")]
    assert len(pins) > 5
    for pin in pins:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ;[^-]+)? +(--hash=sha256:[0-9a-f]{64} *)+$", pin), pin[:80]


def test_all_that_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {name: (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").lower() for name in ("core", "dev", "audit")}

    def named(wanted: list[str]) -> set[str]:
        found = {re.split(r"[\[<>=;]", one)[0].strip().lower() for one in wanted}
        return found - {"equipoise"}

    extras = project["optional-dependencies"]
    wanted = {"core": project["dependencies"], "audit": extras["audit"]}
    wanted["dev"] = [one for name, many in extras.items() if name != "audit" for one in many]
    for lock, names in wanted.items():
        assert [name for name in sorted(named(names)) if not re.search(rf"^{re.escape(name)}(\[.*\])?==", pinned[lock], re.MULTILINE)] == []


def test_packages_for_node_are_pinned_too() -> None:
    listed = subprocess.run(["git", "ls-files", "*package-lock.json"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert listed
    for lock in listed:
        packages = json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"]
        assert [name for name, held in packages.items() if name and not held.get("link") and "integrity" not in held] == []
        assert [name for name, held in packages.items() if "resolved" in held] == []


def test_an_audit_that_was_none_says_so() -> None:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    good, bad = {"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
    skipped = {"name": "c", "skip_reason": "not found"}
    assert audit.verdict(json.dumps({"dependencies": [good]}), "") == (0, "none of 1 versions is known to be vulnerable.")
    assert audit.verdict(json.dumps({"dependencies": [good, bad, skipped]}), "")[0] == 1
    code, said = audit.verdict(json.dumps({"dependencies": [good, skipped]}), "")
    assert (code, "NOT AUDITED" in said) == (3, True)
    assert "Max retries" in audit.verdict("", "x\nERROR: Max retries exceeded\n")[1]


def test_the_bill_of_materials_is_made_of_the_pins() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(
        r"^sbom: .*\n(\t.*\n)*\t.*cyclonedx-py requirements requirements/dev\.txt .*-o dist/sbom\.json", makefile, re.MULTILINE
    )
    assert "\naudit: " in makefile
