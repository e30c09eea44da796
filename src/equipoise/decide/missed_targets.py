"""What was sold and made in a week beside its target: what is outside of what is still good, by how much, and how it adds up."""

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from equipoise.decide.weekly_targets import SCHEMA
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import money, quantity

ACTUAL = pl.Schema({"family": pl.String(), "measure": pl.String(), "day": pl.Date(), "quantity": pl.Float64()})
_OF = ("family", "unit", "measure")
_DONE = {"sales": "sold", "production": "made"}
_DAY = dt.timedelta(days=1)


def in_force(publications: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the weekly targets that hold, of `publications` oldest first, each in the form of `weekly_target`.

    A later plan takes over from its first week on, with every family it has or has not.
    """
    held = pl.DataFrame(schema=SCHEMA)
    for targets in publications:
        first = targets.get_column("week").min()
        held = pl.concat([held if first is None else held.filter(pl.col("week") < first), targets])
    return held.sort("family", "unit", "measure", "week")


def week_result(targets: pl.DataFrame, actual: pl.DataFrame, week_starts: str, until: dt.date) -> pl.DataFrame:
    """Return how each week of the targets in force went that ended by `until`, the day up to which `actual` is complete.

    `actual` has family, measure, day and quantity (item units). One row a family, unit, measure and calendar week: `week` and `end`, the
    days that the targets cover; target, lowest, highest, `actual`, `difference` (actual less target), `money` of the difference in
    currency at the target's own prices, empty where they are not known; `missed`; and target and actual summed since the first of these
    weeks, `target_so_far` and `actual_so_far`. Days that no target covers are left out. A week in which nothing at all is given of a
    measure, for no family, is not judged; where others have something, a family without a row did nothing.
    """
    weekly = Calendar("week", until, 1, until, week_starts=week_starts)
    ended = targets.filter(pl.col("end") <= until)
    monday = [weekly.period_of(day) for day in ended.get_column("week")]
    over = ended.with_columns(pl.Series("calendar_week", monday, pl.Date))
    unfinished = {weekly.period_of(day) for day in targets.filter(pl.col("end") > until).get_column("week")}
    over = over.filter(~pl.col("calendar_week").is_in(sorted(unfinished)))
    # a family without targets, or one whose name is mistyped, does not tell that the others did nothing
    done = _by_week(actual.filter(pl.col("family").is_in(targets.get_column("family").to_list())), over, weekly)
    given = done.select("measure", "calendar_week").unique()
    rows = over.group_by(*_OF, "calendar_week", maintain_order=True).agg(
        pl.col("week").min(),
        pl.col("end").max(),
        pl.col("target", "lowest", "highest").sum(),
        pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum()).alias("value"),
    )
    rows = rows.join(given, on=["measure", "calendar_week"], how="semi", maintain_order="left")
    rows = rows.join(done, on=["family", "measure", "calendar_week"], how="left", maintain_order="left")
    return _judged(rows.with_columns(pl.col("actual").fill_null(0.0)))


def _by_week(actual: pl.DataFrame, over: pl.DataFrame, weekly: Calendar) -> pl.DataFrame:
    """Return family, measure, calendar_week and actual, of the days that the targets cover."""
    spans = over.select("measure", "week", "end").unique().sort("measure", "week")
    covered = [
        (measure, week + passed * _DAY, weekly.period_of(week))
        for measure, week, end in spans.iter_rows()
        for passed in range((end - week).days + 1)
    ]
    days = pl.DataFrame(covered, schema={"measure": pl.String, "day": pl.Date, "calendar_week": pl.Date}, orient="row").unique()
    joined = actual.join(days, on=["measure", "day"], maintain_order="left")
    return joined.group_by("family", "measure", "calendar_week", maintain_order=True).agg(pl.col("quantity").sum().alias("actual"))


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    slack = 1e-9 * (1 + pl.col("target").abs())
    off = pl.col("actual") - pl.col("target")
    rows = rows.sort(*_OF, "calendar_week").with_columns(
        off.alias("difference"),
        pl.when(pl.col("target") > 0).then(pl.col("value") / pl.col("target") * off).alias("money"),
        ((pl.col("actual") < pl.col("lowest") - slack) | (pl.col("actual") > pl.col("highest") + slack)).alias("missed"),
        pl.col("target").cum_sum().over(_OF).alias("target_so_far"),
        pl.col("actual").cum_sum().over(_OF).alias("actual_so_far"),
    )
    return rows.drop("calendar_week", "value")


def miss_sentence(row: Mapping[str, object], currency: str) -> str:
    """Return what a row of `week_result` says: by how much it missed, in units and money, and how it stands so far."""
    numbers = {name: float(str(row[name])) for name in ("target", "lowest", "highest", "actual", "difference")}
    unit, off = str(row["unit"]), numbers["difference"]
    worth = row["money"]
    bare = f" ({money(abs(worth), currency)})" if isinstance(worth, float) else ""
    words = (
        f"{row['family']}: {quantity(numbers['actual'], unit)} {_DONE[str(row['measure'])]} from {row['week']} to {row['end']}, "
        f"{quantity(abs(off), unit)}{bare} {'less' if off < 0 else 'more'} than the target of {quantity(numbers['target'], unit)}; "
        f"from {quantity(numbers['lowest'], unit)} to {quantity(numbers['highest'], unit)} would be good."
    )
    so_far = float(str(row["actual_so_far"])) - float(str(row["target_so_far"]))
    if abs(so_far - off) < 1e-9 * (1 + abs(off)):
        return words
    total = quantity(abs(so_far), unit)
    return (
        f"{words} Since the plan was published it is {total} {'behind' if so_far < 0 else 'ahead'}."
        if abs(so_far) > 0.005
        else f"{words} Over all weeks it is level."
    )
