"""The list of operations, by topic."""

from equipoise.service import messages
from equipoise.service.messages import briefs, cycle, decisions, jobs, keeping, overrides, people, publishing, records, watching
from equipoise.service.register import Door, Operation

_LOCAL: frozenset[Door] = frozenset({"python", "cli"})
_SERVED: frozenset[Door] = frozenset({"python", "cli", "rest", "mcp"})
_EVERY: frozenset[Door] = _SERVED | {"files"}  # what is asked by files is answered at once, so long operations are not

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
    "oidc": "Log in at the company's identity provider.",
    "token": "Tokens for programs.",
    "job": "Long operations: progress, stopping, going on.",
    "version": "Versions of the plan.",
}

_PLANNING = (
    Operation("init", messages.InitRequest, messages.InitAnswer, "equipoise.service.starting:init", True, False, "edit", _LOCAL),
    Operation("check", messages.CheckRequest, messages.CheckAnswer, "equipoise.service.checking:check", False, False, "view", _EVERY),
    Operation("run", messages.RunRequest, messages.RunAnswer, "equipoise.service.running:run", True, True, "run", _SERVED),
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
_AT = "equipoise.service"
_CYCLE: tuple[Operation, ...] = (
    Operation("cycle open", cycle.CycleOpenRequest, cycle.CycleOpenAnswer, f"{_AT}.cycles:open_", True, False, "manage_cycle", _EVERY),
    Operation("cycle show", cycle.CycleShowRequest, cycle.CycleShowAnswer, f"{_AT}.cycles:show", False, False, "view", _EVERY),
    Operation("cycle close", cycle.CycleCloseRequest, cycle.CycleCloseAnswer, f"{_AT}.cycles:close", True, False, "manage_cycle", _EVERY),
    Operation("cycle list", cycle.CycleListRequest, cycle.CycleListAnswer, f"{_AT}.cycles:list_", False, False, "view", _EVERY),
    Operation(
        "cycle calendar", cycle.CycleCalendarRequest, cycle.CycleCalendarAnswer, f"{_AT}.cycles:calendar", False, False, "view", _LOCAL
    ),
    Operation("task list", cycle.TaskListRequest, cycle.TaskAnswer, f"{_AT}.tasks:list_", False, False, "view", _EVERY),
    Operation("task add", cycle.TaskAddRequest, cycle.TaskAnswer, f"{_AT}.tasks:add", True, False, "manage_cycle", _EVERY),
    Operation("task set", cycle.TaskSetRequest, cycle.TaskAnswer, f"{_AT}.tasks:set_", True, False, "comment", _EVERY),
    Operation("step show", cycle.StepShowRequest, cycle.StepAnswer, f"{_AT}.hand_offs:show", False, False, "view", _EVERY),
    Operation("step submit", cycle.StepSubmitRequest, cycle.StepAnswer, f"{_AT}.hand_offs:submit", True, False, "submit", _EVERY),
    Operation("step accept", cycle.StepAcceptRequest, cycle.StepAnswer, f"{_AT}.hand_offs:accept", True, False, "accept", _EVERY),
    Operation("step brief", briefs.StepBriefRequest, briefs.StepBriefAnswer, f"{_AT}.briefing:step_brief", False, False, "view", _EVERY),
    Operation("step reopen", cycle.StepReopenRequest, cycle.StepAnswer, f"{_AT}.hand_offs:reopen", True, False, "submit", _EVERY),
    Operation("fresh", cycle.FreshRequest, cycle.FreshAnswer, f"{_AT}.freshness:fresh", False, False, "view", _EVERY),
    Operation("alarm list", cycle.AlarmListRequest, cycle.AlarmAnswer, f"{_AT}.alarms:list_", False, False, "view", _EVERY),
    Operation("alarm seen", cycle.AlarmSeenRequest, cycle.AlarmAnswer, f"{_AT}.alarms:seen", True, False, "comment", _EVERY),
)
# People
_HUMAN: frozenset[Door] = frozenset({"python", "cli", "rest"})  # what a person does, and no agent
_PEOPLE: tuple[Operation, ...] = (
    Operation("user add", people.UserAddRequest, people.UserAnswer, f"{_AT}.people:add", True, False, "manage_people", _HUMAN),
    Operation("user change", people.UserChangeRequest, people.UserAnswer, f"{_AT}.people:change", True, False, "view", _HUMAN),
    Operation("user list", people.UserListRequest, people.UserListAnswer, f"{_AT}.people:list_", False, False, "view", _EVERY),
    Operation("whoami", people.WhoamiRequest, people.WhoamiAnswer, f"{_AT}.people:whoami", False, False, "view", _EVERY),
    Operation("login", people.LoginRequest, people.LoginAnswer, f"{_AT}.entering:login", True, False, "enter", _HUMAN),
    Operation("logout", people.LogoutRequest, people.DoneAnswer, f"{_AT}.entering:logout", True, False, "view", _HUMAN),
    Operation("oidc begin", people.OidcBeginRequest, people.OidcBeginAnswer, f"{_AT}.oidc:begin", False, False, "enter", _HUMAN),
    Operation("oidc finish", people.OidcFinishRequest, people.LoginAnswer, f"{_AT}.oidc:finish", True, False, "enter", _HUMAN),
    Operation("password set", people.PasswordSetRequest, people.DoneAnswer, f"{_AT}.entering:password_set", True, False, "view", _HUMAN),
    Operation("token add", people.TokenAddRequest, people.TokenAnswer, f"{_AT}.entering:token_add", True, False, "view", _HUMAN),
    Operation("token list", people.TokenListRequest, people.TokenListAnswer, f"{_AT}.entering:token_list", False, False, "view", _HUMAN),
    Operation("token revoke", people.TokenRevokeRequest, people.DoneAnswer, f"{_AT}.entering:token_revoke", True, False, "view", _HUMAN),
)
# Overrides, decisions, actions, assumptions, risks, comments, reviews, the inbox
_KINDS = tuple((kind, "comment" if kind == "comment" else "propose") for kind in records.KINDS)
_O, _R, _D = "equipoise.service.overrides", "equipoise.service.records", "equipoise.service.decisions"
_V, _I = "equipoise.service.reviewing", "equipoise.service.inbox"
_CHANGED, _REVIEWED, _DECIDED = overrides.OverridesAnswer, decisions.ReviewAnswer, decisions.DecisionsAnswer
_RECORDS: tuple[Operation, ...] = (
    Operation("override add", overrides.OverrideAddRequest, _CHANGED, f"{_O}:override_add", True, False, "propose", _EVERY),
    Operation("override change", overrides.OverrideChangeRequest, _CHANGED, f"{_O}:override_change", True, False, "propose", _EVERY),
    Operation("override withdraw", overrides.OverrideWithdrawRequest, _CHANGED, f"{_O}:override_withdraw", True, False, "propose", _EVERY),
    Operation("override list", overrides.OverrideListRequest, _CHANGED, f"{_O}:override_list", False, False, "view", _EVERY),
    Operation(
        "override show", overrides.OverrideShowRequest, overrides.OverrideShowAnswer, f"{_O}:override_show", False, False, "view", _EVERY
    ),
    *(
        Operation(f"{kind} add", records.ADD[kind], records.RecordAnswer, f"{_R}:record_add", True, False, may, _EVERY)
        for kind, may in _KINDS
    ),
    *(
        Operation(f"{kind} change", records.CHANGE[kind], records.RecordAnswer, f"{_R}:record_change", True, False, may, _EVERY)
        for kind, may in _KINDS
    ),
    *(
        Operation(f"{kind} list", records.LIST[kind], records.LISTED[kind], f"{_R}:record_list", False, False, "view", _EVERY)
        for kind, _ in _KINDS
    ),
    *(
        Operation(f"{kind} show", records.SHOW[kind], records.RecordShowAnswer, f"{_R}:record_show", False, False, "view", _EVERY)
        for kind, _ in _KINDS
    ),
    Operation("decision collect", decisions.DecisionCollectRequest, _DECIDED, f"{_D}:decision_collect", True, False, "propose", _EVERY),
    Operation("decision decide", decisions.DecisionDecideRequest, _DECIDED, f"{_D}:decision_decide", True, False, "accept", _EVERY),
    Operation("decision reopen", decisions.DecisionReopenRequest, _DECIDED, f"{_D}:decision_reopen", True, False, "accept", _EVERY),
    Operation("review list", decisions.ReviewListRequest, _REVIEWED, f"{_V}:review_list", False, False, "view", _EVERY),
    Operation("review accept", decisions.ReviewAcceptRequest, _REVIEWED, f"{_V}:review_accept", True, False, "accept", _EVERY),
    Operation("review reject", decisions.ReviewRejectRequest, _REVIEWED, f"{_V}:review_reject", True, False, "accept", _EVERY),
    Operation("inbox take", decisions.InboxTakeRequest, decisions.InboxAnswer, f"{_I}:inbox_take", True, False, "propose", _LOCAL),
    Operation("watch", watching.WatchRequest, watching.WatchAnswer, f"{_AT}.watching:watch", True, False, "run", _LOCAL),
    Operation("inbox list", decisions.InboxListRequest, decisions.InboxAnswer, f"{_I}:inbox_list", False, False, "view", _LOCAL),
)
_APPROVING = "equipoise.service.approving"
_PUBLISHED = "equipoise.service.publishing"
_TOLD = "equipoise.service.communication"
_TARGETS = "equipoise.service.targets"
_MEETINGS = "equipoise.service.meetings"
_PUBLISHING: tuple[Operation, ...] = (
    Operation("approve", publishing.ApproveRequest, publishing.ApproveAnswer, f"{_APPROVING}:approve", True, False, "approve", _SERVED),
    Operation("publish", publishing.PublishRequest, publishing.PublishAnswer, f"{_PUBLISHED}:publish", True, True, "publish", _SERVED),
    Operation(
        "communication",
        publishing.CommunicationRequest,
        publishing.CommunicationAnswer,
        f"{_TOLD}:communication",
        False,
        False,
        "view",
        _EVERY,
    ),
    Operation(
        "target list", publishing.TargetListRequest, publishing.TargetListAnswer, f"{_TARGETS}:target_list", False, False, "view", _EVERY
    ),
    Operation(
        "target check", publishing.TargetCheckRequest, publishing.TargetCheckAnswer, f"{_TARGETS}:target_check", True, False, "run", _EVERY
    ),
    Operation(
        "meeting agenda", publishing.MeetingAgendaRequest, publishing.MeetingAnswer, f"{_MEETINGS}:agenda", True, False, "comment", _EVERY
    ),
    Operation(
        "meeting minutes",
        publishing.MeetingMinutesRequest,
        publishing.MeetingAnswer,
        f"{_MEETINGS}:meeting_minutes",
        True,
        False,
        "comment",
        _EVERY,
    ),
)
# Jobs, versions and differences
_VERSIONS = "equipoise.service.versions"
_J, _JOB, _LINES = "equipoise.service.jobs", jobs.JobAnswer, jobs.JobListAnswer
_JOBS: tuple[Operation, ...] = (
    Operation("job list", jobs.JobListRequest, _LINES, f"{_J}:list_", False, False, "view", _EVERY),
    Operation("job show", jobs.JobShowRequest, _JOB, f"{_J}:show", False, False, "view", _EVERY),
    Operation("job cancel", jobs.JobCancelRequest, _JOB, f"{_J}:cancel", True, False, "run", _EVERY),
    Operation("diff", jobs.DiffRequest, jobs.DiffAnswer, "equipoise.service.differences:diff", False, False, "view", _EVERY),
    Operation("version list", jobs.VersionListRequest, jobs.VersionListAnswer, f"{_VERSIONS}:list_", False, False, "view", _EVERY),
    Operation("draft", jobs.DraftRequest, jobs.DraftAnswer, f"{_VERSIONS}:draft", False, False, "view", _EVERY),
    Operation("job resume", jobs.JobResumeRequest, _LINES, f"{_J}:resume", True, False, "run", _SERVED),
)
# The store: audit, backup, restore, clearing away
_KEEPING = "equipoise.service.keeping"
_STORE: tuple[Operation, ...] = (
    Operation(
        "audit verify", keeping.AuditVerifyRequest, keeping.AuditVerifyAnswer, f"{_KEEPING}:verify", False, True, "manage_store", _SERVED
    ),
    Operation("audit list", keeping.AuditListRequest, keeping.AuditListAnswer, f"{_KEEPING}:list_", False, False, "view", _EVERY),
    Operation("backup", keeping.BackupRequest, keeping.BackupAnswer, f"{_KEEPING}:backup", True, False, "manage_store", _LOCAL),
    Operation("restore", keeping.RestoreRequest, keeping.RestoreAnswer, f"{_KEEPING}:restore", True, False, "manage_store", _LOCAL),
    Operation("gc", keeping.GcRequest, keeping.GcAnswer, f"{_KEEPING}:gc", True, False, "manage_store", _LOCAL),
)

OPERATIONS: dict[str, Operation] = {
    operation.name: operation for operation in (*_PLANNING, *_CYCLE, *_PEOPLE, *_RECORDS, *_PUBLISHING, *_JOBS, *_STORE)
}
