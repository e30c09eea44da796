"""The list of tools: fifteen for the tasks of a cycle, and two for all the rest."""

from equipoise.interfaces.mcp import everything, looking, proposing, running
from equipoise.interfaces.mcp.replies import Called
from equipoise.interfaces.mcp.tool import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("status", looking.Status, looking.status),
        Tool("check", looking.Check, looking.check),
        Tool("run", running.Run, running.run, reads=False),
        Tool("table", looking.Table, looking.table),
        Tool("explain", looking.Explain, looking.explain),
        Tool("gaps", looking.Gaps, looking.gaps),
        Tool("scenarios", looking.Scenarios, looking.scenarios),
        Tool("try_change", proposing.TryChange, proposing.try_change),
        Tool("propose_change", proposing.ProposeChange, proposing.propose_change, reads=False),
        Tool("propose_record", proposing.ProposeRecord, proposing.propose_record, reads=False),
        Tool("records", looking.Records, looking.records),
        Tool("decisions", proposing.Decisions, proposing.decisions, reads=False),
        Tool("meeting", proposing.Meeting, proposing.meeting, reads=False),
        Tool("diff", looking.Diff, looking.diff),
        Tool("read", everything.Read, everything.read),
        Tool("describe", everything.Describe, everything.describe),
        Tool("call", everything.Call, everything.call, reads=False, answer=Called),
    )
}
