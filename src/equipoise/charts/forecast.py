"""Pictures of the forecast: the fan against history, and the way from the baseline to the demand plan."""

from collections.abc import Mapping
from typing import Any, Literal

import altair as alt
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import by_period, calendar_of, total
from equipoise.charts.stairs import cut, layers, stairs, told
from equipoise.charts.style import BAD, BAND, DEMAND, HISTORY, INK, QUIET, SHIPPED, Chart, styled
from equipoise.tables.setting import Setting

Tables = Mapping[str, pl.DataFrame]
_COLORS = {"History": HISTORY, "Baseline": SHIPPED, "Consensus": DEMAND}
_DASHES = {"History": [1, 0], "Baseline": [5, 3], "Consensus": [1, 0]}
_WIDTHS = {"History": 2, "Baseline": 2, "Consensus": 3}
_SEEN = 0.01  # an override of less than a hundredth of the largest value cannot be seen
_FELT = 0.03  # nor does a correction of less say anything at this level: many are a few returned units
YEARS_SHOWN = 2
MOST_BAND = 2.0
MOST_LABELS = 4
MOST_STREAMS = 3


def forecast_fan(tables: Tables, setting: Setting, *, unit: str = "units") -> Chart:
    """Draw the total's history with what was corrected in it, the baseline with its p10 to p90 fan, the consensus, and the overrides.

    `tables` are history, cleaned_history, baseline, consensus and override_cell; those that are empty are left out. Raises ValueError
    where there is neither a baseline nor a consensus.
    """
    drawn = _Fan(tables, setting)
    scale = scale_for(drawn.largest)
    marks = drawn.layers(scale.divisor, scale.unit(unit), small=False)
    ends = {name: plain(total(tables[name.lower()], "quantity")) for name in ("Baseline", "Consensus") if tables[name.lower()].height}
    title = f"Forecast, {unit}: " + ", ".join(f"{name.lower()} {amount}" for name, amount in ends.items())
    return styled(alt.layer(*marks), title, drawn.subtitle(), f"{title}. {drawn.subtitle()}".strip(), height=300)


def forecast_fans(parts: Mapping[str, Tables], setting: Setting, *, unit: str = "units") -> Chart:
    """Draw a small fan for each of the named parts (families or series), two beside each other. Raises ValueError where there is none."""
    panels: list[Any] = []
    for name, tables in parts.items():
        drawn = _Fan(tables, setting)
        scale = scale_for(drawn.largest)
        heading = alt.TitleParams(f"{name}, {scale.unit(unit)}", fontSize=12, fontWeight="normal", color=QUIET, offset=4)
        panels.append(alt.layer(*drawn.layers(scale.divisor, "", small=True)).properties(width=335, height=130, title=heading))
    if not panels:
        raise ValueError("no part to draw")
    title = "Forecast of those that matter most"
    return styled(alt.concat(*panels, columns=2, spacing={"row": 16, "column": 18}), title, "", f"{title}: {', '.join(parts)}.")


class _Fan:
    """The rows of one fan."""

    def __init__(self, tables: Tables, setting: Setting) -> None:
        shown = YEARS_SHOWN * calendar_of(setting).periods_a_year
        self.history = by_period(tables["history"], "quantity").tail(shown)
        parts = {"History": self.history, "Baseline": by_period(tables["baseline"], "quantity")}
        parts["Consensus"] = by_period(tables["consensus"], "quantity")
        if parts["Baseline"].is_empty() and parts["Consensus"].is_empty():
            raise ValueError("no forecast to draw")
        named = [frame.select(pl.lit(name).alias("line"), "period", "quantity") for name, frame in parts.items() if frame.height]
        self.lines = pl.concat(named)
        # A raw history a thousand times too large must not flatten the rest: where it was cleaned, that says how high the picture is.
        usual = by_period(tables["cleaned_history"], "quantity").tail(shown)
        heights = [usual if usual.height else self.history, parts["Baseline"], parts["Consensus"]]
        self.largest = max(_largest(frame.get_column("quantity")) for frame in heights)
        self.band = by_period(tables["baseline"], "p10", "p90").drop_nulls()
        self.corrected = self._corrected(tables["cleaned_history"])
        self.overrides = self._overrides(tables["override_cell"], parts["Consensus"])

    def _corrected(self, cleaned: pl.DataFrame) -> pl.DataFrame:
        """Return period, raw and quantity where the cleaned history differs from the raw one so that it can be seen."""
        sums = by_period(cleaned.filter(pl.col("raw").is_not_null()), "quantity", "raw")
        seen = (pl.col("quantity") - pl.col("raw")).abs() > _FELT * self.largest
        return sums.join(self.history.select("period"), on="period", how="semi", maintain_order="left").filter(seen)

    def _overrides(self, override_cell: pl.DataFrame, consensus: pl.DataFrame) -> pl.DataFrame:
        """Return period, quantity, change and label of the periods that overrides change so that it can be seen.

        The largest change of an override carries its name, for at most four of them.
        """
        moved = override_cell.with_columns(change=pl.col("after").fill_null(0.0) - pl.col("before").fill_null(0.0))
        of_each = by_period(moved, "change", also=("override",)).filter(pl.col("change") != 0)
        sizes = of_each.sort([pl.col("change").abs().round(6), "override", "period"], descending=[True, False, False])
        top = sizes.unique("override", keep="first", maintain_order=True).head(MOST_LABELS)
        labels = top.sort("override").group_by("period", maintain_order=True).agg(pl.col("override").str.join(", ").alias("label"))
        sums = by_period(of_each, "change").join(consensus, on="period", maintain_order="left")
        shown = sums.filter(pl.col("change").abs() > _SEEN * self.largest)
        return shown.join(labels, on="period", how="left", maintain_order="left").with_columns(pl.col("label").fill_null(""))

    def subtitle(self) -> str:
        """Return what the marks mean, of those that are there."""
        words = ["The fan runs from p10 to p90, summed over the series"] if self.band.height else []
        words += ["circles: history as corrected"] if self.corrected.height else []
        words += ["diamonds: changed by overrides"] if self.overrides.height else []
        return "; ".join(words)

    def layers(self, divisor: float, unit: str, *, small: bool) -> list[alt.Chart]:
        """Return the marks, the fan at the bottom."""
        top = MOST_BAND * self.largest / divisor
        highest = max(_largest(self.band.get_column("p90")), _largest(self.lines.get_column("quantity"))) / divisor
        cut_at = top if highest > top else alt.Undefined
        lines = self.lines.with_columns(pl.col("quantity") / divisor)
        names = lines.get_column("line").unique(maintain_order=True).to_list()
        span = alt.Axis(title=None, format="%b %Y", labelOverlap="parity", labelFlush=False, grid=False, tickCount=4 if small else 10)
        y = alt.Y(
            "quantity:Q", title=unit or None, scale=alt.Scale(domainMax=cut_at), axis=alt.Axis(format=",~f", tickCount=4 if small else 6)
        )
        color = alt.Color("line:N", sort=names, scale=alt.Scale(domain=names, range=[_COLORS[name] for name in names]))
        dash = alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=[_DASHES[name] for name in names]))
        wide = alt.StrokeWidth("line:N", scale=alt.Scale(domain=names, range=[_WIDTHS[name] * (0.75 if small else 1) for name in names]))
        drawn = alt.Chart(lines).mark_line(strokeCap="round", strokeJoin="round", clip=True)
        drawn = drawn.encode(x=alt.X("period:T", axis=span), y=y, color=color, strokeDash=dash, strokeWidth=wide)
        marks = [drawn, *self._corrections(divisor, small=small), *self._marks(divisor, small=small)]
        if self.band.height:
            band = self.band.with_columns(pl.col("p10", "p90") / divisor)
            marks.insert(0, alt.Chart(band).mark_area(color=BAND, opacity=0.6, clip=True).encode(x="period:T", y="p10:Q", y2="p90:Q"))
        return marks

    def _corrections(self, divisor: float, *, small: bool) -> list[alt.Chart]:
        if self.corrected.is_empty():
            return []
        rows = alt.Chart(self.corrected.with_columns(pl.col("raw", "quantity") / divisor))
        rules = rows.mark_rule(color=HISTORY, strokeDash=[2, 2], clip=True).encode(x="period:T", y="raw:Q", y2="quantity:Q")
        circle = rows.mark_point(shape="circle", size=22 if small else 45, color=INK, fill="#ffffff", strokeWidth=1.4, opacity=1)
        return [rules, circle.encode(x="period:T", y="quantity:Q")]

    def _marks(self, divisor: float, *, small: bool) -> list[alt.Chart]:
        if self.overrides.is_empty():
            return []
        rows = self.overrides.with_columns(pl.col("quantity") / divisor)
        points = alt.Chart(rows).mark_point(shape="diamond", size=30 if small else 60, color=BAD, filled=True, opacity=1)
        marks = [points.encode(x="period:T", y="quantity:Q")]
        return marks if small else [*marks, *self._labels(rows)]

    def _labels(self, rows: pl.DataFrame) -> list[alt.Chart]:
        """Return the names beside their marks, on a light ground; those in the last third of the picture run to the left."""
        days = self.lines.get_column("period").unique().sort().to_list()
        late = pl.col("period") >= days[len(days) * 2 // 3]
        named = rows.filter(pl.col("label") != "")
        grounds: tuple[dict[str, Any], ...] = ({"color": "#ffffff", "stroke": "#ffffff", "strokeWidth": 4}, {"color": BAD})
        marks: list[alt.Chart] = []
        sides: tuple[tuple[pl.DataFrame, Literal["center", "right"]], ...] = (
            (named.filter(~late), "center"),
            (named.filter(late), "right"),
        )
        for part, align in sides:
            words = alt.Chart(part).encode(x="period:T", y="quantity:Q", text="label:N")
            marks += [words.mark_text(align=align, dy=-15, fontSize=11, limit=150, **ground) for ground in grounds if part.height]
        return marks


def _largest(values: pl.Series) -> float:
    largest = values.abs().max()
    return float(largest) if isinstance(largest, int | float) else 0.0


def demand_bridge(steps: pl.DataFrame, *, unit: str = "units") -> Chart:
    """Draw the way from the baseline to the demand plan, summed over the horizon, in `unit`: `steps` are those of `demand_steps`."""
    names, amounts, kinds = (steps.get_column(name).to_list() for name in ("step", "amount", "kind"))
    whole = stairs(names, amounts, kinds)
    scale = scale_for(max(_largest(whole.get_column("from")), _largest(whole.get_column("to"))))
    frame = stairs(names, amounts, kinds, divisor=scale.divisor)
    title = f"From {names[0].lower()} {plain(amounts[0])} to {names[-1].lower()} {plain(amounts[-1])}, {unit} over the horizon"
    axis = (scale.unit(unit) or unit) + ("; axis does not start at zero" if cut(frame) else "")
    return styled(alt.layer(*layers(frame, axis)), title, "", f"{title}. Steps: {told(frame)}.", height=270)


def demand_steps(
    stream: pl.DataFrame, override_cell: pl.DataFrame, consensus: pl.DataFrame, demand_plan: pl.DataFrame, basis: str
) -> pl.DataFrame:
    """Return (step, amount, kind) from the baseline to the demand plan: increments, events, overrides, consensus, orders; in units.

    The three largest increments keep their names. What a basis other than the baseline gives is the step `views`. Steps that change
    less than half a unit are left out; without a baseline or a consensus there are none.
    """
    known = stream.filter(pl.col("kind").is_in(["baseline", "increment", "event"]))
    levels = [total(known.filter(pl.col("kind") == "baseline"), "quantity"), total(consensus, "quantity"), total(demand_plan, "quantity")]
    moved = override_cell.with_columns(change=pl.col("after").fill_null(0.0) - pl.col("before").fill_null(0.0))
    by_table = {name: total(moved.filter(pl.col("table") == name), "change") for name in ("baseline", "consensus", "demand_plan")}
    changes = [*_increments(known), ("Events", total(known.filter(pl.col("kind") == "event"), "quantity"))]
    changes.append(("Overrides", by_table["baseline"] + by_table["consensus"]))
    start = levels[0] - by_table["baseline"]
    rest = levels[1] - start - sum(amount for _, amount in changes)
    changes.append(("Views" if basis != "baseline" else "Never below zero", rest))
    later = [("Overrides of the plan", by_table["demand_plan"]), ("Orders", levels[2] - levels[1] - by_table["demand_plan"])]
    rows = [
        ("Baseline", start, "level"),
        *_felt(changes),
        ("Consensus", levels[1], "level"),
        *_felt(later),
        ("Demand plan", levels[2], "level"),
    ]
    schema = {"step": pl.String, "amount": pl.Float64, "kind": pl.String}
    there = known.filter(pl.col("kind") == "baseline").height and consensus.height and demand_plan.height
    return pl.DataFrame(rows if there else [], schema=schema, orient="row")


def _increments(known: pl.DataFrame) -> list[tuple[str, float]]:
    sums = known.filter(pl.col("kind") == "increment").group_by("stream", maintain_order=True).agg(pl.col("quantity").sum().round(6))
    sums = sums.sort([pl.col("quantity").abs(), "stream"], descending=[True, False])
    shown = sums if sums.height <= MOST_STREAMS + 1 else sums.head(MOST_STREAMS)
    rest = total(sums, "quantity") - total(shown, "quantity")
    return [*((f"+ {name}", amount) for name, amount in shown.rows()), ("Other increments", rest)]


def _felt(changes: list[tuple[str, float]]) -> list[tuple[str, float, str]]:
    return [(name, amount, "change") for name, amount in changes if abs(amount) >= 0.5]
