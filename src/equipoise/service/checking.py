"""Check a plan and its data without planning."""

from equipoise.service.gathering import gather
from equipoise.service.messages import CheckAnswer, CheckRequest
from equipoise.service.register import Context
from equipoise.service.workspace import locate
from equipoise.tables import GIVEN


def check(request: CheckRequest, context: Context) -> CheckAnswer:
    """Read a plan and its data; return the rows read, the assumptions made and every fault found.

    Raises PlanFileError where the plan file itself is wrong, DataError with every fault where one of them is an error.
    """
    gathered = gather(locate(request), context.today)
    gathered.refuse_errors()
    return CheckAnswer(
        plan=gathered.plan.setting.plan,
        tables={name: frame.height for name, frame in gathered.tables.items() if name in GIVEN and frame.height},
        assumptions=gathered.assumptions(),
        issues=gathered.issues(),
    )
