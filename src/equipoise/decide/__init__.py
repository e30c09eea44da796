"""Step 5: recommendations, decisions, actions, agendas, summary."""

from equipoise.decide.actions import proposed_action
from equipoise.decide.decisions import decision_needed
from equipoise.decide.meeting import agenda
from equipoise.decide.recommendations import recommendation
from equipoise.decide.summary import executive_summary

__all__ = ["agenda", "decision_needed", "executive_summary", "proposed_action", "recommendation"]
