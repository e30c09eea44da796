"""Play a plan against paths of demand and supply: by a policy that knows only the path so far, or by solving again in every period."""

from equipoise.supply.playing.play import play
from equipoise.supply.playing.rolling import roll

__all__ = ["play", "roll"]
