"""Factory planning in which the months of the stops are not given but to be decided."""

from tests.truth.cases.williams_factory_planning_1 import tables as with_given_stops
from tests.truth.running import Inputs, Tables


def tables(given: Inputs, key: str) -> Tables:
    hours, machines = given["hours_per_month"], given["machines_installed"]
    stops = given["maintenance_required"]
    return {
        **with_given_stops.tables(given, key),
        "capacity": [{"resource": machine, "regular": hours * count} for machine, count in machines.items()],
        "maintenance": [{"resource": machine, "stops": count, "hours": hours} for machine, count in stops.items()],
    }
