"""Prompts for the five meetings of the cycle, made from where the record stands."""

from dataclasses import dataclass

from equipoise.interfaces.mcp.desk import Desk
from equipoise.interfaces.mcp.looking import Status, status
from equipoise.interfaces.mcp.replies import Reply, Rows
from equipoise.service.messages.cycle import StepName

RULES = (
    "You facilitate sales and operations planning with Equipoise, as an agent: you read, try, run drafts, comment and propose; people "
    "accept, submit, decide, approve and publish. Take every number from a tool and say which version it is of; never estimate one. "
    "Where something is missing, say who can give it. Give each proposal a reason. Say what is a person's to do, and who."
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: the meeting or step it prepares, what it is for, and what to do, in order."""

    name: str
    step: StepName
    title: str
    purpose: str
    todo: tuple[str, ...]


PROMPTS: dict[str, Prompt] = {
    prompt.name: prompt
    for prompt in (
        Prompt(
            "data_gathering",
            "gather",
            "Data gathering",
            "Collect forecasts, capabilities, stock and targets, and see how the last cycle went.",
            (
                "check: list every error and warning with its remedy and who can mend it; name the assumptions that matter.",
                "run, then table kpi: accuracy, bias, plan attainment, weeks of supply and OTIF beside their targets.",
                "records kind=action and kind=assumption: what is overdue, or no longer holds.",
                "Report: what is missing or doubtful, what went wrong last time and why (explain), and what each owner has to bring.",
            ),
        ),
        Prompt(
            "demand_review",
            "demand_review",
            "Demand review",
            "Agree on one demand plan: statistical forecast, sales' view, marketing's events.",
            (
                "table demand_plan, baseline and consensus by family; table stream and value_added: who differs, and who was right before.",
                "table override_flag and event_effect: changes worth a second look. explain what stands out.",
                "try_change what sales or marketing ask for before it is proposed; propose_change with reason and assumption.",
                "meeting demand_review: the agenda; after it, propose_record what was agreed, and the minutes.",
            ),
        ),
        Prompt(
            "supply_review",
            "supply_review",
            "Supply review",
            "Say what can be supplied, what limits it, and what could be done.",
            (
                "table capacity_load by resource, binding and shortage: where supply is short, and which limit causes it (explain).",
                "gaps: what closes which gap at what cost. try_change further ideas: overtime, subcontracting, earlier building.",
                "table inventory_plan by family against its targets.",
                "meeting supply_review: the agenda; after it, the minutes.",
            ),
        ),
        Prompt(
            "pre_sop",
            "pre_sop",
            "Pre-S&OP meeting",
            "Reconcile demand and supply, weigh scenarios and money, prepare recommendations.",
            (
                "gaps, then gaps with the rank of each large one: its causes, and the options that were proven.",
                "scenarios: what each brings and costs; table risk_register and simulation: what may come otherwise.",
                "table financials by line: plan against budget. try_change combinations that nobody has tried.",
                "decisions: take the questions into the record, each with a recommendation and what speaks against it.",
                "meeting pre_sop: the agenda; after it, the minutes.",
            ),
        ),
        Prompt(
            "executive_sop",
            "executive_sop",
            "Executive S&OP meeting",
            "Present gaps and options, have decisions made, give everything an owner and a day.",
            (
                "decisions: each open question with its options, what they bring and cost, the recommendation, who decides and by when.",
                "diff: what changed since the last plan that stood for good. scenarios: the range.",
                "meeting executive_sop: the agenda. Then an action (propose_record) with owner and day for each decision; the minutes.",
                "status: what still keeps the plan from being approved and published, and whose it is.",
            ),
        ),
    )
}


def text(desk: Desk, prompt: Prompt, plan: str) -> str:
    """Return a prompt with where its step stands in the record. Raises NotFoundError where there is no such plan."""
    todo = "\n".join(f"{number}. {one}" for number, one in enumerate(prompt.todo, start=1))
    named = f' Use plan="{plan}" with every tool.' if plan else ""
    parts = [
        f"# {prompt.title}\n{prompt.purpose}\n\n{RULES}{named}",
        f"## Where it stands\n{_stands(desk, prompt, plan)}",
        f"## What to do\n{todo}",
    ]
    return "\n\n".join(parts)


def _stands(desk: Desk, prompt: Prompt, plan: str) -> str:
    whole, own = status(desk, Status(plan=plan)), status(desk, Status(plan=plan, step=prompt.step))
    said = [one for one in whole.headline if one not in own.headline]
    return f"{_words(Reply(headline=said, facts=whole.facts))}\n\n{_words(own)}"


def _words(reply: Reply) -> str:
    lines = [*reply.headline, *(f"{name}: {value}" for name, value in reply.facts.items())]
    for rows in reply.tables:
        lines += [f"{rows.title}:", *_lines(rows)]
    return "\n".join([*lines, *(f"Next: {one}" for one in reply.next)])


def _lines(rows: Rows) -> list[str]:
    return [
        f"- {'; '.join(f'{name} {value}' for name, value in zip(rows.columns, row, strict=True) if value not in (None, '', False))}"
        for row in rows.rows
    ]
