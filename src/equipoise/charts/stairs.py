"""Stairs: levels at the ends, changes between them, as bridges and chains of steps draw them."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from equipoise.charts.scale import plain
from equipoise.charts.style import BAD, GOOD, INK, LEVEL

_WRAPPED = 6
_BESIDE = "split(replace(datum.label, /(.{8}[^ ]*) /g, '$1|'), '|')"


def change(amount: float, kind: str) -> str:
    """Return an amount as printed on a step: a change with its sign, a level without."""
    text = plain(amount, 0 if abs(amount) >= 1000 else 1)
    return text.removesuffix(".0") if kind == "level" or amount < 0 else f"+{text}".removesuffix(".0")


def stairs(
    steps: Sequence[str], amounts: Sequence[float], kinds: Sequence[str], *, divisor: float = 1.0, less: bool = False
) -> pl.DataFrame:
    """Return the frame that `layers` draws: one row a step, its ends in units of `divisor`, its number as printed and its tone.

    `kinds` are level (the amount is where the step stands) or change; with `less` a change below zero is the good one.
    """
    starts, ends = _ends(amounts, kinds)
    low = _floor(starts, ends, kinds)
    twice = len(set(steps)) < len(steps)
    tones = [
        "level" if kind == "level" else "up" if (amount < 0 if less else amount >= 0) else "down"
        for amount, kind in zip(amounts, kinds, strict=True)
    ]
    return pl.DataFrame(
        {
            "step": [f"{number}. {step}" if twice else step for number, step in enumerate(steps, start=1)],
            "from": [max(start, low) / divisor for start in starts],
            "to": [end / divisor for end in ends],
            "top": [max(start, end) / divisor for start, end in zip(starts, ends, strict=True)],
            "printed": [change(amount / divisor, kind) for amount, kind in zip(amounts, kinds, strict=True)],
            "tone": tones,
            "low": [low / divisor] * len(steps),
        }
    )


def told(frame: pl.DataFrame) -> str:
    """Return the steps in words."""
    return ", ".join(f"{step} {printed}" for step, printed in frame.select("step", "printed").iter_rows())


def cut(frame: pl.DataFrame) -> bool:
    """Whether the axis begins above zero: the changes would not be seen otherwise."""
    return float(frame["low"][0]) != 0


def _ends(amounts: Sequence[float], kinds: Sequence[str]) -> tuple[list[float], list[float]]:
    starts, ends, level = [], [], 0.0
    for amount, kind in zip(amounts, kinds, strict=True):
        starts.append(0.0 if kind == "level" else level)
        level = amount if kind == "level" else level + amount
        ends.append(level)
    return starts, ends


def _floor(starts: list[float], ends: list[float], kinds: Sequence[str]) -> float:
    """Return where the axis begins: zero, unless all steps lie in the top half of it."""
    points = [*ends, *(start for start, kind in zip(starts, kinds, strict=True) if kind != "level")]
    low, high = min(points), max(points)
    return max(0.0, low - (high - low)) if low > 0 and low - (high - low) > high / 2 else 0.0


def layers(frame: pl.DataFrame, unit: str) -> list[alt.Chart]:
    """Return the bars and their numbers; names of many steps stand on several lines."""
    names = frame.get_column("step").to_list()
    low = float(frame["low"][0])
    wrapped = alt.Undefined if len(names) < _WRAPPED else _BESIDE
    x = alt.X("step:N", sort=names, axis=alt.Axis(title=None, labelAngle=0, labelLimit=130, labelExpr=wrapped, grid=False))
    high = float(frame.get_column("top").max() or 0.0)  # type: ignore[arg-type]
    bottom = min(low, float(frame.get_column("to").min() or 0.0)) if low == 0 else low  # type: ignore[arg-type]
    room = alt.Scale(domain=[bottom, high + ((high - bottom) or 1.0) * 0.08], zero=False)
    y = alt.Y("from:Q", title=unit, scale=room, axis=alt.Axis(format=",~f", tickCount=5))
    tones = alt.Color("tone:N", legend=None, scale=alt.Scale(domain=["level", "up", "down"], range=[LEVEL, GOOD, BAD]))
    bars = alt.Chart(frame).mark_bar(size=min(70, 420 // len(names))).encode(x=x, y=y, y2="to:Q", color=tones)
    words = alt.Chart(frame).mark_text(dy=-8, fontSize=12, color=INK).encode(x=x, y=alt.Y("top:Q", scale=room), text="printed:N")
    return [bars, words]
