"""Settings of all tests: property tests try the same cases every time, and none fails for being slow on a busy machine."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

gc.set_threshold(20_000, 20, 20)  # small frames come and go by the million: looking for cycles among them takes a tenth of the time
