"""The search: every single option proven, then combined greedily as long as the next one adds money."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from equipoise.reconcile.options.found import Candidate
from equipoise.reconcile.options.lever import Lever
from equipoise.reconcile.options.proof import Proof, Prover

LEAST_MONEY = 0.5
LEAST_UNITS = 0.5
_PAIRED = 6
"""Options that bring nothing alone of which pairs are tried: two limits in a row bring something only when both give way."""


@dataclass(frozen=True)
class Single:
    """A single option with its proof."""

    candidate: Candidate
    proof: Proof

    @property
    def lever(self) -> Lever:
        """Its lever."""
        return self.candidate.lever

    @property
    def brings(self) -> bool:
        """Whether it is worth its cost: it brings money or, where no money is known, units."""
        return improves(self.proof, None)

    @property
    def matters(self) -> bool:
        """Whether it changes anything that a planner would see."""
        return self.brings or self.proof.shortage < -LEAST_UNITS or (self.proof.service or 0.0) > 5e-5


def improves(proof: Proof, other: Proof | None) -> bool:
    """Whether a proof is better than another (none: the plan of record): in net money, or in units short where no money is known."""
    if proof.failure:
        return False
    if proof.net is None:
        return proof.shortage < (other.shortage if other is not None else 0.0) - LEAST_UNITS
    return proof.net > (other.net or 0.0 if other is not None else 0.0) + LEAST_MONEY


def proven(candidates: Sequence[Candidate], prover: Prover) -> list[Single]:
    """Return every candidate with its proof, the best first."""
    proofs = prover.prove([(candidate.lever,) for candidate in candidates])
    singles = [Single(candidate, proof) for candidate, proof in zip(candidates, proofs, strict=True)]
    return sorted(singles, key=lambda one: (one.proof.failure != "", *(-part for part in one.proof.gain), one.lever.name))


def combined(singles: Sequence[Single], prover: Prover, most: int, solves: int) -> list[Proof]:
    """Return the greedy combination as a chain: each proof has one lever more than the one before it, and is better.

    It begins with the best single option; where none brings anything, with the best pair; where no pair does, with all that may be taken
    together. A lever that no longer pays beside the others is taken out at the end. `most` are the levers of a combination, `solves` how
    many sets may be proven in all.
    """
    able = [one.lever for one in singles if not one.proof.failure]
    chain = _begin([one for one in singles if not one.proof.failure], prover, solves)
    while chain and len(chain[-1].levers) < most and prover.solves < solves:
        held = chain[-1].levers
        sets = [(*held, lever) for lever in able if lever.name not in {one.name for one in held} and not _rival(lever, held)]
        tried = prover.prove(sets[: max(0, solves - prover.solves)])
        best = max((proof for proof in tried if not proof.failure), key=lambda proof: proof.gain, default=None)
        if best is None or not improves(best, chain[-1]):
            break
        chain.append(best)
    return _without_idle(chain, prover)


def _begin(singles: Sequence[Single], prover: Prover, solves: int) -> list[Proof]:
    good = next((one.proof for one in singles if one.brings), None)
    if good is not None:
        return [good]
    pairs = [pair for pair in combinations([one.lever for one in singles[:_PAIRED]], 2) if not _rival(pair[0], pair[1:])]
    tried = prover.prove(pairs[: max(0, solves - prover.solves)])
    best = max((proof for proof in tried if improves(proof, None)), key=lambda proof: proof.gain, default=None)
    if best is None and len(singles) > 2 and prover.solves < solves:
        best = next((proof for proof in prover.prove([_all_together(singles)]) if improves(proof, None)), None)
    return [] if best is None else [best]


def _all_together(singles: Sequence[Single]) -> tuple[Lever, ...]:
    held: tuple[Lever, ...] = ()
    for one in singles:
        if not _rival(one.lever, held):
            held = (*held, one.lever)
    return held


def _rival(lever: Lever, held: Sequence[Lever]) -> bool:
    """Whether a lever is another size or way of one that is held: of one kind, on one target; or shares what is short, for all at once."""
    return any(lever.kind == one.kind and (lever.target == one.target or lever.kind == "allocation") for one in held)


def _without_idle(chain: list[Proof], prover: Prover) -> list[Proof]:
    """Take out of the last proof each lever without which it is no worse, and end the chain with what remains."""
    if not chain or len(chain[-1].levers) < 3:
        return chain
    last = chain[-1]
    for lever in last.levers[:-1]:
        rest = tuple(one for one in last.levers if one is not lever)
        fewer = prover.prove([rest])[0]
        if not fewer.failure and not improves(last, fewer):
            last = fewer
    return chain if last is chain[-1] else [*_prefixes(last, prover), last]


def _prefixes(proof: Proof, prover: Prover) -> list[Proof]:
    return prover.prove([proof.levers[: count + 1] for count in range(len(proof.levers) - 1)])


def dominated(singles: Sequence[Single]) -> dict[str, Single]:
    """Return, by name, what is better: for the same gap, as good in money, service, cash and lead time, and better in one."""
    found: dict[str, Single] = {}
    able = [one for one in singles if not one.proof.failure]
    for one in able:
        better = next((other for other in able if other is not one and _gap(other) == _gap(one) and _dominates(other, one)), None)
        if better is not None:
            found[one.lever.name] = better
    return found


def _gap(one: Single) -> int:
    return one.candidate.gap.rank if one.candidate.gap else 0


def _dominates(one: Single, other: Single) -> bool:
    """Whether one is as good as another in every merit, and better in one by what a planner would see."""
    merits = list(zip(_merits(one), _merits(other), _SEEN, strict=True))
    return all(mine >= theirs - seen for mine, theirs, seen in merits) and any(mine > theirs + seen for mine, theirs, seen in merits)


_SEEN = (LEAST_MONEY, LEAST_MONEY, LEAST_UNITS, 5e-5, 0.5)


def _merits(one: Single) -> tuple[float, ...]:
    proof = one.proof
    return (proof.net or 0.0, proof.cash or 0.0, -proof.shortage, proof.service or 0.0, -float(one.lever.lead_time or 0))
