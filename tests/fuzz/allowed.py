"""Who may do what over REST, written down a second time: from what each role is for, not from the program.

The program refuses by the permission that each operation declares. Here every operation names the roles that may; the fuzzer holds each
answer to that.
"""

NOBODY = "nobody"
"""Who brings no token."""
ROLES = ("facilitator", "sales", "demand planner", "supply planner", "finance", "executive", "viewer", "agent")

_EVERYBODY = frozenset({NOBODY, *ROLES})
_LOGGED_IN = frozenset(ROLES)
_ADVISERS = _LOGGED_IN - {"viewer"}  # viewers only look
_PARTNERS = _ADVISERS - {"agent"}  # agents propose, people hand on, accept and approve
_PLANNERS = frozenset({"facilitator", "demand planner", "supply planner", "finance"})
_RUNNERS = _PLANNERS | {"agent"}  # what an agent runs is a draft
_DECIDERS = frozenset({"facilitator", "executive"})
_FACILITATORS = frozenset({"facilitator"})

_READ = (
    *("action_list", "action_show", "alarm_list", "assumption_list", "assumption_show", "audit_list", "check", "comment_list"),
    *("comment_show", "communication", "cycle_list", "cycle_show", "decision_list", "decision_show", "diff", "draft", "explain"),
    *(
        "fresh",
        "job_events",
        "job_list",
        "job_show",
        "override_list",
        "override_show",
        "review_list",
        "risk_list",
        "risk_show",
        "show",
        "show_tables",
    ),
    *("step_brief", "step_show", "target_list", "task_list", "token_list", "try", "user_list", "version_list", "whoami"),
)
_OF_ONESELF = ("logout", "password_set", "token_add", "token_revoke", "user_change")
_ADVISE = (
    *("action_add", "action_change", "alarm_seen", "assumption_add", "assumption_change", "comment_add", "comment_change"),
    *("decision_add", "decision_change", "decision_collect", "meeting_agenda", "meeting_minutes"),
    *("override_add", "override_change", "override_withdraw", "risk_add", "risk_change", "task_set"),
)
_HAND_ON = (
    *("approve", "decision_decide", "decision_reopen", "review_accept", "review_reject", "step_accept", "step_reopen", "step_submit"),
)

MAY: dict[str, frozenset[str]] = {
    **dict.fromkeys(("health", "login", "oidc_begin", "oidc_finish", "openapi", "ready"), _EVERYBODY),
    **dict.fromkeys((*_READ, *_OF_ONESELF), _LOGGED_IN),
    **dict.fromkeys(_ADVISE, _ADVISERS),
    **dict.fromkeys(_HAND_ON, _PARTNERS),
    **dict.fromkeys(("job_cancel", "job_resume", "run", "target_check"), _RUNNERS),
    "promote": _DECIDERS,
    **dict.fromkeys(("audit_verify", "cycle_close", "cycle_open", "publish", "task_add", "user_add"), _FACILITATORS),
}
"""The roles that may do each operation, by the operation's name in the description of the API."""
