"""The list of operations, by topic."""

from equipoise.service import messages
from equipoise.service.register import Door, Operation

_LOCAL: frozenset[Door] = frozenset({"python", "cli"})
_EVERY: frozenset[Door] = frozenset({"python", "cli", "rest", "mcp"})

# First words of operations that have two, and what the operations under them are about.
TOPICS: dict[str, str] = {
    "cycle": "Open, follow and close a monthly cycle.",
    "step": "Hand a step of the cycle on: submit, accept, open again.",
    "task": "Tasks of the cycle.",
    "alarm": "What changed after others had built on it, and missed targets.",
    "override": "Change numbers, and see who changed what and why.",
    "review": "Accept or reject what was proposed.",
    "decision": "Questions, options, and what was decided.",
    "action": "Who does what by when.",
    "assumption": "What is taken to be true.",
    "risk": "Risks and opportunities.",
    "comment": "Words on cells, scenarios and records.",
    "inbox": "Files that change the plan.",
    "meeting": "Agendas and minutes.",
    "target": "Weekly targets, and where they are missed.",
    "audit": "The log of who did what.",
    "user": "People who may use the plan.",
    "password": "Passwords.",
    "token": "Tokens for programs.",
    "job": "Long operations: progress, stopping, going on.",
    "version": "Versions of the plan.",
}

_PLANNING = (
    Operation("init", messages.InitRequest, messages.InitAnswer, "equipoise.service.starting:init", True, False, "edit", _LOCAL),
    Operation("check", messages.CheckRequest, messages.CheckAnswer, "equipoise.service.checking:check", False, False, "view", _LOCAL),
    Operation("run", messages.RunRequest, messages.RunAnswer, "equipoise.service.running:run", True, True, "run", _LOCAL),
    Operation("show", messages.ShowRequest, messages.ShowAnswer, "equipoise.service.showing:show", False, False, "view", _EVERY),
    Operation(
        "explain", messages.ExplainRequest, messages.ExplainAnswer, "equipoise.service.explaining:explain", False, False, "view", _EVERY
    ),
    Operation("try", messages.TryRequest, messages.TryAnswer, "equipoise.service.trying:try_", False, False, "view", _EVERY),
    Operation(
        "promote", messages.PromoteRequest, messages.PromoteAnswer, "equipoise.service.promoting:promote", True, False, "decide", _EVERY
    ),
)
# Cycles, steps and tasks
_CYCLE: tuple[Operation, ...] = ()
# People
_PEOPLE: tuple[Operation, ...] = ()
# Overrides, decisions, actions, assumptions, risks, comments, reviews, the inbox
_RECORDS: tuple[Operation, ...] = ()
# Approving, publishing, targets, minutes
_PUBLISHING: tuple[Operation, ...] = ()
# Jobs, versions and differences
_JOBS: tuple[Operation, ...] = ()
# The store: audit, backup, restore, clearing away
_STORE: tuple[Operation, ...] = ()

OPERATIONS: dict[str, Operation] = {
    operation.name: operation for operation in (*_PLANNING, *_CYCLE, *_PEOPLE, *_RECORDS, *_PUBLISHING, *_JOBS, *_STORE)
}
