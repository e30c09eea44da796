"""What each operation is asked and answers, by topic."""

from equipoise.service.messages.explaining import ExplainAnswer, ExplainRequest, Reason
from equipoise.service.messages.message import Cell, Message, PlanRequest
from equipoise.service.messages.planning import (
    CheckAnswer,
    CheckRequest,
    Figure,
    InitAnswer,
    InitRequest,
    IssueLine,
    MeasureLine,
    PromoteAnswer,
    PromoteRequest,
    RunAnswer,
    RunRequest,
    ScenarioLine,
    ShowAnswer,
    ShowRequest,
    StepLine,
    TryAnswer,
    TryRequest,
)

__all__ = [
    "Cell",
    "CheckAnswer",
    "CheckRequest",
    "ExplainAnswer",
    "ExplainRequest",
    "Figure",
    "InitAnswer",
    "InitRequest",
    "IssueLine",
    "MeasureLine",
    "Message",
    "PlanRequest",
    "PromoteAnswer",
    "PromoteRequest",
    "Reason",
    "RunAnswer",
    "RunRequest",
    "ScenarioLine",
    "ShowAnswer",
    "ShowRequest",
    "StepLine",
    "TryAnswer",
    "TryRequest",
]
