"""Send random requests to the REST door as each role: `python -m tests.fuzz [--requests 20000] [--seed 1]`.

Says how many were answered how, what broke the description of the API, and which answers a role may not have. Ends with 1 where
there are any.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.allowed import NOBODY, ROLES
from tests.fuzz.company import make_team
from tests.fuzz.fuzzing import Tally, fuzz

IDENTITIES = (*ROLES, NOBODY)


def main() -> None:
    """Fuzz as each role and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="requests in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as", dest="only", choices=IDENTITIES, help="one role only")
    wanted = parser.parse_args()
    identities = (wanted.only,) if wanted.only else IDENTITIES
    began, found = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        tokens = make_team(Path(folder) / "team")
        print(f"{'role':<16}{'requests':>9}{'done':>7}{'401':>7}{'403':>7}{'other 4xx':>11}{'5xx':>5}{'wrong':>7}{'faults':>8}", flush=True)
        for role in identities:
            own = Path(folder) / role.replace(" ", "-")
            shutil.copytree(Path(folder) / "team", own)
            found.append(fuzz(own, role, tokens.get(role, ""), -(-wanted.requests // len(identities)), seed=wanted.seed))
            print(line(found[-1]), flush=True)
            shutil.rmtree(own, ignore_errors=True)
    for tally in found:
        tell(tally)
    print(f"\n{sum(tally.requests for tally in found):,} requests in {time.perf_counter() - began:,.0f} s.")
    sys.exit(any(tally.wrong or tally.faults for tally in found))


def line(tally: Tally) -> str:
    """Return a role's counts in one line."""
    known = {status: sum(count for (_, one), count in tally.seen.items() if one == status) for status in (401, 403)}
    other = tally.answered(400, 500) - sum(known.values())
    return (
        f"{tally.role:<16}{tally.requests:>9,}{tally.answered(200, 400):>7,}{known[401]:>7,}{known[403]:>7,}{other:>11,}"
        f"{tally.answered(500, 600):>5}{len(tally.wrong):>7}{tally.faults.total():>8}"
    )


def tell(tally: Tally) -> None:
    """Print what is wrong with the answers of a role, and what was never reached."""
    for sentence in dict.fromkeys(tally.wrong):
        print(f"\nWRONG: {sentence}")
    for fault, count in tally.faults.most_common():
        print(f"\nFAULT, {count} times, as {tally.role}: {fault}")
    undone, unrefused = tally.never()
    if undone:
        print(f"\n{tally.role} may and never did: {', '.join(undone)}")
    if unrefused:
        print(f"\n{tally.role} may not, and was never refused for it: {', '.join(unrefused)}")


if __name__ == "__main__":
    main()
