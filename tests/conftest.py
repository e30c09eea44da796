"""Settings of all tests: property tests try the same cases every time, and none fails for being slow on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")
