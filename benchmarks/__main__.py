"""Run every benchmark and print its table. `python -m benchmarks plans demand` runs some; --quick makes each shorter."""

import importlib
import sys

NAMES = ("plans", "demand", "selection", "stallion", "levels", "overrides", "supply", "what_if", "record", "load", "why")


def main() -> None:
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")] or list(NAMES)
    sys.argv[1:] = [option for option in sys.argv[1:] if option.startswith("-")]
    for name in chosen:
        print(f"\n## {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
