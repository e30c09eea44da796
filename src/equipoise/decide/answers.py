"""What was found to do about gaps: options that were proven, and what would have to be known to find more."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import polars as pl

from equipoise.decide.gap_groups import gap_groups
from equipoise.decide.readings import Row, amount, rank_of, rows
from equipoise.tables.figures import listing, money, quantity
from equipoise.tables.setting import Setting

_SELLERS = {"allocation", "price", "promotion", "backlog"}


def role_of(kind: object) -> str:
    """Return the role that prepares an option of that kind of lever."""
    return "sales" if kind in _SELLERS else "supply planner"


@dataclass(frozen=True)
class Answers:
    """Options and open questions, each in order, those of a gap found by its rank. Combinations stand apart, by what they are made of."""

    options: Sequence[Row]
    combinations: Mapping[frozenset[str], Row]
    questions: Sequence[Row]

    @staticmethod
    def of(option: pl.DataFrame, option_question: pl.DataFrame) -> "Answers":
        """Read the tables `option` and `option_question`."""
        found = rows(option.sort("rank", nulls_last=True, maintain_order=True))
        combined = {frozenset(str(row["members"]).split("; ")): row for row in found if row["kind"] == "combination"}
        singles = [row for row in found if row["kind"] != "combination"]
        return Answers(singles, combined, rows(option_question.sort("question")))

    def groups(self, gap: pl.DataFrame, gap_cause: pl.DataFrame) -> list[list[dict[str, object]]]:
        """Return the main gaps in groups that one answer closes; a recommended option answers the gap that it was looked for."""
        return gap_groups(
            gap, gap_cause, {rank_of({"rank": row["gap"]}) for row in self.options if row["status"] == "recommended" and row["gap"]}
        )

    def looked_at(self, ranks: AbstractSet[int]) -> list[Row]:
        """Return the single options that were looked for these gaps, the best first."""
        return [row for row in self.options if row["gap"] in ranks]

    def taken(self, ranks: AbstractSet[int]) -> list[Row]:
        """Return those of them that are recommended."""
        return [row for row in self.looked_at(ranks) if row["status"] == "recommended"]

    def open(self, ranks: AbstractSet[int]) -> list[Row]:
        """Return the questions that stand open about these gaps, the most worth knowing first."""
        return [row for row in self.questions if row["gap"] in ranks]

    def together(self, taken: Sequence[Row]) -> Row | None:
        """Return the combination that holds these options; None where there is none."""
        names = {str(row["option"]) for row in taken}
        return next((row for members, row in self.combinations.items() if names <= members), None)

    def net_money(self, taken: Sequence[Row]) -> float | None:
        """Return what options bring: that of one, or of several where they were proven together; none where it is not known."""
        if len(taken) == 1:
            return amount(taken[0]["net_money"])
        both = self.combinations.get(frozenset(str(row["option"]) for row in taken))
        return None if both is None else amount(both["net_money"])


def benefit(row: Row, plan: Setting) -> str:
    """Return what an option does, as it stands after its name: brings EUR 47,499 after its cost; serves 20 units more."""
    net, short = amount(row["net_money"]), amount(row["shortage"])
    if net is not None and abs(net) >= 0.5:
        return f"brings {money(net, plan.currency)} after its cost" if net > 0 else f"costs {money(-net, plan.currency)} net"
    return f"serves {quantity(-short)} more" if short is not None and short < -0.5 else "serves demand better"


def advised(taken: Sequence[Row], plan: Setting) -> str:
    """Return recommended options as one recommendation."""
    told = [f"{row['option']}, which {benefit(row, plan)}" for row in taken]
    return f"Agree on {listing(told, 3)}."


def none_pays(looked_at: Sequence[Row], plan: Setting) -> str:
    """Say that no option that was looked at is worth its cost, and what the nearest would cost."""
    count = len(looked_at)
    told = "The option that was proven does not bring" if count == 1 else f"None of the {count} options that were proven brings"
    near = next((row for row in looked_at if row["status"] == "listed"), None)
    names = listing([str(row["option"]) for row in looked_at])
    rest = f". The nearest, {near['option']}, {benefit(near, plan)}." if near else f": {names}."
    return f"{told} more than it costs{rest}"
