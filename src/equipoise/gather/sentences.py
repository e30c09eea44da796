"""Limits in words: the grammar of the sentences a plan file's constraints may hold, and what each means."""

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from equipoise.errors import InputError
from equipoise.gather import limits
from equipoise.gather.limits import Amount, Limit
from equipoise.gather.moments import MONTHS, Moment, Span, When

_LONGEST = 200

GRAMMAR = r"""
alone: limit _END?
named: name ":" limit _END? | name limit _END?
name: WORD+

?limit: overtime | shifts | output | change | level | utilisation | closed | at_capacity
      | lead_time | lot | safety_stock | shelf_life | frozen | workers

overtime: most? percent "overtime" _MAX? when?                 -> overtime_share
        | "overtime" most? percent _MAX? when?                 -> overtime_share
        | most? quantity _OF? "overtime" per? _MAX? when?      -> overtime_amount
        | "overtime" most? quantity per? _MAX? when?           -> overtime_amount
        | _NO "overtime" when?                                 -> no_overtime
shifts: _SHIFTS_WORD? number _SHIFT (_A_DAY)? when?
output: bound quantity per? when?
      | quantity per? _MAX when?                               -> output_most
      | quantity per? _MIN when?                               -> output_least
change: "capacity" SIGN? percent when?
      | SIGN? percent "capacity" when?
level: "capacity" _IS? quantity per? when?
utilisation: most? percent ("utilisation"i | "utilization"i | "load"i) _MAX? when?
           | ("utilisation"i | "utilization"i | "load"i) most? percent _MAX? when?
closed: _SITE? ("closed"i | "shut"i | "shutdown"i | "shut down"i) when
at_capacity: ("is"i)? "at"i _FULL? "capacity"
lead_time: "lead" "time" _IS? duration | duration "lead" "time"
lot: _MIN_WORD ("lot"i | "lots"i | "batch"i | "order"i) _SIZE? _OF? quantity   -> lot_minimum
   | ("lots"i | "batches"i) _OF number UNIT?                                   -> lot_multiple
safety_stock: "safety" "stock" _OF? (duration | quantity) | (duration | quantity) _OF? "safety" "stock"
shelf_life: "shelf" "life" _OF? duration | duration "shelf" "life"
frozen: "frozen"i _FENCE? _FOR? period_count | period_count "frozen"i | "freeze"i period_count
workers: bound number _WORKER when? | number _WORKER _MAX when?

bound: most -> at_most | least -> at_least
most: _MAX
least: _MIN
per: (_PER TIME) | TIMELY
percent: number _PERCENT
quantity: number UNIT?
duration: number LENGTH
period_count: number TIMES
number: NUMBER | NUMBER_WORD

when: _IN moment (_AND moment)*                        -> when_in
    | _FROM moment _TO moment                          -> when_between
    | "between"i moment "and"i moment                  -> when_between
    | _IN? moment ".." moment                          -> when_between
    | _FROM moment _ONWARD?                            -> when_from
    | _UNTIL moment                                    -> when_until
moment: MONTH YEAR? -> month_year
      | YEAR_MONTH  -> year_month
      | DAY         -> day
      | YEAR_WEEK   -> year_week
      | QUARTER YEAR? -> quarter_year
      | YEAR_QUARTER -> year_quarter
      | YEAR        -> year

_MAX: /(max(imum)?\.?|at most|up to|no more than|not more than|limited to|<=|≤)(?![a-z])/i
_MIN: /(min(imum)?\.?|at least|no less than|not less than|>=|≥)(?![a-z])/i
_MIN_WORD: /(min(imum)?\.?)(?![a-z])/i
_NO: /(no|without|zero)(?![a-z])/i
_IS: /(is|of|=)(?![a-z])/i
_OF: /(of)(?![a-z])/i
_FOR: /(for)(?![a-z])/i
_FENCE: /(fence|period|zone|for|horizon)(?![a-z])/i
_SIZE: /(size)(?![a-z])/i
_FULL: /(full|its)(?![a-z])/i
_SITE: /(the )?(plant|site|factory|line|works)( is)?(?![a-z])/i
_SHIFTS_WORD: /(run|work|in)(?![a-z])/i
_SHIFT: /shifts?(?![a-z])/i
_A_DAY: /(a|per) day/i
_WORKER: /(workers?|people|operators?|heads?)(?![a-z])/i
_PER: /(per|a|an|each|every|\/)(?![a-z])/i
_IN: /(in|during|for)(?![a-z])/i
_FROM: /(from|starting|since)(?![a-z])/i
_TO: /(to|until|till|through|-|–)(?![a-z])/i
_UNTIL: /(until|till|through|up to)(?![a-z])/i
_AND: /(,\s*and|,|and)(?![a-z])/i
_ONWARD: /(on|onwards?|forward)(?![a-z])/i
_PERCENT: /(%|percent|per cent)(?![a-z])/i
_END: /[.;]/
SIGN: /\+|-|−|plus|minus/i
TIME: /(day|week|month|quarter|year|period)(?![a-z])/i
TIMELY: /(daily|weekly|monthly|quarterly|yearly)(?![a-z])/i
TIMES: /(days?|weeks?|months?|quarters?|years?|periods?)(?![a-z])/i
LENGTH: /(days?|weeks?|months?|quarters?|years?)(?![a-z])/i
UNIT: /(units?|pieces?|pcs|hours?|hrs?|h|tons?|tonnes?|kg|cases?|pallets?|litres?|liters?)(?![a-z])/i
NUMBER: /\d{1,3}([,']\d{3})+(\.\d+)?(?!\d)|\d+([.,]\d+)?(?![\d])/
NUMBER_WORD: /(one|two|three|four|five|six|seven|eight|nine|ten|twelve)(?![a-z])/i
MONTH: /(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t(ember)?)?|oct(ober)?|nov(ember)?|dec(ember)?)\b\.?/i
QUARTER: /q[1-4]/i
YEAR: /(19|20)\d\d(?![\d-])/
YEAR_MONTH: /(19|20)\d\d-(0[1-9]|1[0-2])(?![\d-])/
YEAR_QUARTER: /(19|20)\d\d[- ]?q[1-4]/i
YEAR_WEEK: /(19|20)\d\d-?w\d\d/i
DAY: /(19|20)\d\d-\d\d-\d\d/
WORD: /[^\s:,;]+/

%import common.WS
%ignore WS
"""


@dataclass(frozen=True, slots=True)
class Form:
    """One form a limit may take: what it looks like, what it does, and examples that are run as tests."""

    form: str
    meaning: str
    examples: tuple[str, ...]


FORMS: tuple[Form, ...] = (
    Form(
        "overtime at most N %, or at most N hours a month; no overtime",
        "`capacity.overtime_limit`: a share of regular capacity, or an amount",
        (
            "10% overtime max",
            "overtime at most 120 hours per month",
            "no overtime in August",
            "at most 15 percent overtime from March to May",
        ),
    ),
    Form(
        "N shifts",
        "`capacity.regular` times N: the capacity given is taken to be that of one shift",
        ("2 shifts", "3 shifts from March to May", "two shifts until June"),
    ),
    Form(
        "at most N units a month; at least N units a week",
        "`limit` over the routes (of the resource, plant, item or family it is about); of a supplier: `purchase_limit`",
        ("max 500 units per month", "at least 200 units per week", "Supplier X max 20000 units per quarter", "1,200 units a month max"),
    ),
    Form(
        "capacity +N %, capacity -N %, capacity N %",
        "`capacity.regular` times 1 + N %, 1 - N %, or N %",
        ("capacity +10% from 2027-03", "capacity -20% in July and August", "Line 1: +5% capacity"),
    ),
    Form(
        "capacity N units a month",
        "`capacity.regular`",
        ("capacity 160 hours per week", "Line 1: capacity 12000 units per month from Q3 2027"),
    ),
    Form("at most N % utilisation", "`capacity.efficiency` times N %", ("at most 80% utilisation", "Line 1: utilization max 90%")),
    Form(
        "closed in ...",
        "`capacity.regular` and overtime 0 for the days it covers; of a supplier: `purchase_limit.maximum` 0",
        ("plant closed in August", "plant closed in 2027-08", "Plant A closed from 2027-12-20 to 2027-12-31"),
    ),
    Form(
        "a supplier at capacity",
        "`purchase_limit.maximum` is what the base plan needs of its material in each period",
        ("Supplier X at capacity",),
    ),
    Form(
        "lead time N weeks",
        "`route.lead_time`; of a supplier: `purchase.lead_time`",
        ("lead time 6 weeks", "Supplier X lead time 45 days"),
    ),
    Form(
        "minimum lot N units; lots of N",
        "`route.minimum_lot`, `route.lot_multiple`; of a supplier: `purchase.minimum_lot`",
        ("minimum lot 100 units", "lots of 50", "Supplier X minimum order 5000 units"),
    ),
    Form("safety stock N weeks, or N units", "`inventory_policy`", ("safety stock 2 weeks", "Tents: safety stock 300 units")),
    Form("shelf life N days", "`item.shelf_life`", ("shelf life 90 days",)),
    Form("frozen N months", "`setting.calendar.frozen`", ("frozen 1 month", "frozen for 2 weeks")),
    Form(
        "at most N workers; at least N workers",
        "`workforce.maximum`, `workforce.minimum`",
        ("at most 80 workers", "Line 1: at least 12 workers"),
    ),
)


def forms_reference() -> str:
    """Return the forms as a Markdown table: form, what it changes, examples. The manual holds exactly this."""
    rows = [f"| {form.form} | {form.meaning} | {'; '.join(f'`{example}`' for example in form.examples)} |" for form in FORMS]
    return "\n".join(["| form | what it changes | examples |", "|---|---|---|", *rows])


_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TIMELY: dict[str, limits.Time] = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_UNITS = {"h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "hours": "hours"}


@cache
def _parser() -> Lark:
    # Words that stand in quotes in the grammar match in any case.
    grammar = re.sub(r'"([a-z]+)"(?!i)', r'"\1"i', GRAMMAR)
    return Lark(grammar, start=["alone", "named"], parser="earley", lexer="dynamic", maybe_placeholders=False)


def understand(sentence: str) -> Limit:
    """Return the limit that a sentence states.

    Raises InputError, with the nearest form and the forms known, where it is not understood.
    """
    words = " ".join(sentence.split())
    if len(words) > _LONGEST:
        raise InputError(f"The limit has {len(words)} characters.", f"Say it in fewer than {_LONGEST}: one limit a sentence.")
    for start in ("alone", "named"):
        try:
            tree = _parser().parse(words, start=start)
            limit = _Meaning().transform(tree)
        except VisitError as error:
            raise InputError(f"The limit '{words}' names a day that does not exist.", "Correct the date.") from error
        except LarkError:
            continue
        if isinstance(limit, Limit):
            return limit
    raise InputError(f"The limit '{words}' is not understood.", _forms_near(words))


def _forms_near(words: str) -> str:
    examples = [example for form in FORMS for example in form.examples]
    lowered = {example.lower(): example for example in examples}
    near = get_close_matches(words.lower(), lowered, n=1, cutoff=0.5)
    first = f"The nearest form is '{lowered[near[0]]}'. " if near else ""
    return f"{first}Known forms: {'; '.join(form.examples[0] for form in FORMS)}. Write 'Line 1: ...' to say what it is about."


@v_args(inline=True)
class _Meaning(Transformer[Token, object]):
    """Turns the tree of a sentence into a limit."""

    def alone(self, limit: Limit) -> Limit:
        return limit

    def named(self, name: str, limit: Limit) -> Limit:
        return replace(limit, subject=name)

    def name(self, *words: Token) -> str:
        return " ".join(words)

    def number(self, token: Token) -> float:
        if token.type == "NUMBER_WORD":
            return float(_WORDS.index(token.lower()))
        text = str(token).replace("'", "")
        if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
            return float(text.replace(",", ""))
        return float(text.replace(",", "."))

    def percent(self, number: float) -> float:
        return number / 100

    def quantity(self, number: float, unit: str = "units") -> Amount:
        return Amount(number, _UNITS.get(unit.lower(), "units"))

    def per(self, token: Token) -> limits.Time:
        word = token.lower()
        return _TIMELY[word] if token.type == "TIMELY" else word  # type: ignore[return-value]

    def duration(self, number: float, token: Token) -> "_Duration":
        return _Duration(number, _singular(token))

    period_count = duration

    def most(self) -> "_Bound":
        return _Bound("at most")

    def least(self) -> "_Bound":
        return _Bound("at least")

    def at_most(self, bound: "_Bound") -> "_Bound":
        return bound

    at_least = at_most

    def overtime_share(self, *parts: object) -> Limit:
        return limits.Overtime(_when(parts), share=_first(parts, float))

    def overtime_amount(self, *parts: object) -> Limit:
        return limits.Overtime(_when(parts), amount=_amount(parts))

    def no_overtime(self, *parts: object) -> Limit:
        return limits.Overtime(_when(parts), share=0.0)

    def shifts(self, *parts: object) -> Limit:
        return limits.Shifts(_when(parts), count=_first(parts, float))

    def output(self, bound: "_Bound", *parts: object) -> Limit:
        return limits.Output(_when(parts), bound=bound.bound, amount=_amount(parts))

    def output_most(self, *parts: object) -> Limit:
        return limits.Output(_when(parts), bound="at most", amount=_amount(parts))

    def output_least(self, *parts: object) -> Limit:
        return limits.Output(_when(parts), bound="at least", amount=_amount(parts))

    def change(self, *parts: object) -> Limit:
        signs = [str(part).lower() for part in parts if isinstance(part, Token)]
        share = _first(parts, float)
        if not signs:
            return limits.CapacityChange(_when(parts), factor=share)
        return limits.CapacityChange(_when(parts), factor=1 + share if signs[0] in {"+", "plus"} else 1 - share)

    def level(self, *parts: object) -> Limit:
        return limits.CapacityLevel(_when(parts), amount=_amount(parts))

    def utilisation(self, *parts: object) -> Limit:
        return limits.Utilisation(_when(parts), share=_first(parts, float))

    def closed(self, when: When) -> Limit:
        return limits.Closed(when)

    def at_capacity(self) -> Limit:
        return limits.AtCapacity()

    def lead_time(self, duration: "_Duration") -> Limit:
        return limits.LeadTime(days=duration.days)

    def lot_minimum(self, amount: Amount) -> Limit:
        return limits.Lot(quantity=amount.number)

    def lot_multiple(self, number: float, *_: object) -> Limit:
        return limits.Lot(quantity=number, multiple=True)

    def safety_stock(self, amount: "_Duration | Amount") -> Limit:
        if isinstance(amount, _Duration):
            return limits.SafetyStock(weeks=amount.days / 7)
        return limits.SafetyStock(units=amount.number)

    def shelf_life(self, duration: "_Duration") -> Limit:
        return limits.ShelfLife(days=duration.days)

    def frozen(self, duration: "_Duration") -> Limit:
        return limits.Frozen(number=duration.number, unit=duration.unit)

    def workers(self, *parts: object) -> Limit:
        bounds = [part.bound for part in parts if isinstance(part, _Bound)]
        return limits.Workers(_when(parts), bound=bounds[0] if bounds else "at most", count=_first(parts, float))

    def when_in(self, *moments: Moment) -> When:
        return When(tuple(Span(moment, moment) for moment in moments))

    def when_between(self, first: Moment, last: Moment) -> When:
        return When((Span(first, last),))

    def when_from(self, first: Moment) -> When:
        return When((Span(first, None),))

    def when_until(self, last: Moment) -> When:
        return When((Span(None, last),))

    def month_year(self, month: Token, year: Token | None = None) -> Moment:
        number = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(month.lower().rstrip(".")[:3]))
        return Moment(int(year) if year else None, month=number)

    def year_month(self, token: Token) -> Moment:
        return Moment(int(token[:4]), month=int(token[5:7]))

    def day(self, token: Token) -> Moment:
        moment = Moment(int(token[:4]), month=int(token[5:7]), day=int(token[8:10]))
        moment.days(0, 1)
        return moment

    def year_week(self, token: Token) -> Moment:
        moment = Moment(int(token[:4]), week=int(token[-2:]))
        moment.days(0, 1)
        return moment

    def quarter_year(self, quarter: Token, year: Token | None = None) -> Moment:
        return Moment(int(year) if year else None, quarter=int(quarter[1]))

    def year_quarter(self, token: Token) -> Moment:
        return Moment(int(token[:4]), quarter=int(token[-1]))

    def year(self, token: Token) -> Moment:
        return Moment(int(token))


@dataclass(frozen=True, slots=True)
class _Duration:
    number: float
    unit: limits.Time

    @property
    def days(self) -> float:
        return round(self.number * limits.DAYS[self.unit], 6)


@dataclass(frozen=True, slots=True)
class _Bound:
    bound: limits.Bound


def _singular(token: Token) -> limits.Time:
    return token.lower().removesuffix("s")  # type: ignore[return-value]


def _when(parts: tuple[object, ...]) -> When:
    return next((part for part in parts if isinstance(part, When)), When())


def _first(parts: tuple[object, ...], kind: type[float]) -> float:
    return next(part for part in parts if isinstance(part, kind))


def _amount(parts: tuple[object, ...]) -> Amount:
    amount = next(part for part in parts if isinstance(part, Amount))
    per: Any = next((part for part in parts if isinstance(part, str) and not isinstance(part, Token)), "period")
    return replace(amount, per=per)
