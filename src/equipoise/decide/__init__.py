"""Step 5: recommendations, actions, agenda, summary."""

from equipoise.decide.actions import proposed_action
from equipoise.decide.meeting import agenda
from equipoise.decide.recommendations import recommendation
from equipoise.decide.summary import executive_summary

__all__ = ["agenda", "executive_summary", "proposed_action", "recommendation"]
