"""What docs/security.md says of numbers is what the program does."""

from pathlib import Path

from equipoise.tables.ceilings import CEILINGS

TEXT = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_ceiling_is_stated_with_its_number() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{name}` | {ceiling.most:,} | {ceiling.meaning} |" for name, ceiling in CEILINGS.items()]


def test_what_is_for_the_machine_alone_is_named() -> None:
    for words in ("EQUIPOISE_PRIVATE_ADDRESSES", "make sbom", "make audit", "## Over the network", "## What is not promised"):
        assert words in TEXT
