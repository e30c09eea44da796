"""Faults of the tables disturbance and correlation: each names file, row and column, and what to do."""

from pathlib import Path

import pytest

from tests.unit.test_gather_bad_input import errors, gathered, said

HEAD = "disturbance,kind,target,distribution,mean,deviation,low,likely,high,probability,start,end\n"


def told(folder: Path, line: str) -> str:
    return errors(gathered(folder, disturbance=HEAD + line + "\n"))


def test_good_rows_have_no_faults(tmp_path: Path) -> None:
    rows = (
        "sales,demand,Tents,normal,1,0.2,,,,,,\nline,downtime,Line 1,,,,0,0.1,0.4,0.2,2026-07-01,2026-08-31\n"
        "any,yield,,uniform,,,0.8,,1,,,\nlate,late,pole,fixed,,,,5,,,,\nshort,short,,lognormal,0.1,0.1,,,,,,\n"
    )
    found = gathered(tmp_path, disturbance=HEAD + rows, correlation="one,other,correlation\nTent,Pole,0.5\n")
    assert said(found) == ""
    assert found.tables["disturbance"].height == 5


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("a,downtime,Lin 1,fixed,,,,0.1,,,,", "target", "The nearest are Line 1."),
        ("a,demand,Zzzz,fixed,,,,1,,,,", "target", "Name an item or family"),
        ("a,yield,Line 1,fixed,,,,1,,,,", "target", "which is not a route"),
        ("a,short,Nobody,fixed,,,,0.5,,,,", "target", "which is not a purchase or supplier"),
        ("a,late,pole,triangular,,,1,,9,,,", "likely", "triangular needs low, likely and high; likely is empty."),
        ("a,late,pole,triangular,,,1,,,,,", "likely", "triangular needs low, likely and high; likely, high are empty."),
        ("a,late,pole,,,,,,,,,", "low", "triangular needs"),
        ("a,late,pole,normal,5,,,,,,,", "deviation", "normal needs mean and deviation"),
        ("a,late,pole,fixed,5,,,,,,,", "likely", "fixed needs likely"),
        ("a,late,pole,triangular,,,5,3,9,,,", "low", "low (5) lies above likely (3)."),
        ("a,late,pole,uniform,,,5,,3,,,", "low", "low (5) lies above high (3)."),
        ("a,downtime,Line 1,uniform,,,0.1,,20,,,", "high", "high is 20, but the capacity lost is a share"),
        ("a,short,pole,fixed,,,,1.5,,,,", "likely", "is a share, from 0 to 1"),
        ("a,yield,make tent,uniform,,,-0.1,,1,,,", "low", "is not below zero"),
        ("a,demand,Tents,lognormal,0,0.2,,,,,,", "mean", "The mean of a lognormal distribution is 0."),
        ("a,demand,Tents,fixed,,,,1,,1.5,,", "probability", "out of range"),
        ("a,demand,Tents,fixed,,,,1,,,2026-09-01,2026-08-01", "start", "lies after end"),
        ("a,sales,Tents,fixed,,,,1,,,,", "kind", "It must be one of demand, yield"),
    ],
)
def test_what_cannot_be_drawn_from_is_told_with_its_place(tmp_path: Path, line: str, column: str, words: str) -> None:
    found = told(tmp_path, line)
    assert words in found
    assert "disturbance.csv" in found
    assert "row 2" in found
    assert f"column {column}" in found


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("Tent,Pole,0.5\nPole,Tent,0.4", "Pole with Tent is 0.4, but Tent with Pole is 0.5."),
        ("Tent,Tent,0.5", "Tent is correlated with itself."),
        ("Tent,Tents,0.5", "One of Tent and Tents is the family of the other."),
        ("Tent,Pole,1.5", "out of range"),
        ("Tent,Boat,0.5", "other Boat is not in table item"),
        ("Tent,Pole,0.5\nTent,Pole,0.6", "2 rows have the same key"),
    ],
)
def test_correlations_that_say_nothing_or_two_things_are_told(tmp_path: Path, lines: str, words: str) -> None:
    found = errors(gathered(tmp_path, correlation=f"one,other,correlation\n{lines}\n"))
    assert words in found
    assert "correlation.csv" in found


def test_the_same_correlation_in_both_orders_is_fine(tmp_path: Path) -> None:
    assert said(gathered(tmp_path, correlation="one,other,correlation\nTent,Pole,0.5\nPole,Tent,0.5\n")) == ""
