"""Workers and capacity: nothing here is slower or faster for them, but what AWS refuses is refused."""

from __future__ import annotations

from typing import Any

from localglue.errors import InvalidInputException

MIN_CAPACITY, MAX_CAPACITY = 2, 100
MIN_WORKERS = 1
# Data processing units of a worker; https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
_UNITS = {"Standard": 1.0, "G.1X": 1.0, "G.2X": 2.0, "G.025X": 0.25, "G.4X": 4.0, "G.8X": 8.0, "Z.2X": 2.0}


def capacity(request: dict[str, Any]) -> dict[str, Any]:
    """The fields that follow from MaxCapacity or from WorkerType and NumberOfWorkers; empty if neither is given.

    Raises ``InvalidInputException`` in AWS's words.
    """
    most, kind, count = (request.get(name) for name in ("MaxCapacity", "WorkerType", "NumberOfWorkers"))
    if most is not None and (kind is not None or count is not None):
        raise InvalidInputException("Cannot set Max Capacity and Worker Num/Type at the same time.")
    if (kind is None) != (count is None):
        raise InvalidInputException("Both WorkerType and NumberOfWorkers should be set.")
    if most is not None:
        if most < MIN_CAPACITY:
            raise InvalidInputException(f"MaxCapacity should be >= {MIN_CAPACITY}.")
        if most > MAX_CAPACITY:
            raise InvalidInputException(f"MaxCapacity should be <= {MAX_CAPACITY}.")
        return {"max_capacity": most, "worker_type": "", "number_of_workers": None}
    if kind is None or count is None:
        return {}
    if count < MIN_WORKERS:
        raise InvalidInputException(f"NumberOfWorkers should be >= {MIN_WORKERS}.")
    return {"max_capacity": _UNITS.get(kind, 1.0) * count, "worker_type": kind, "number_of_workers": count}
