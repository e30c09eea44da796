"""A process that does one job of the queue: python -m equipoise.service.worker PLAN-FILE WORKSPACE."""

import sys
from pathlib import Path

from equipoise.service.job_queue import work
from equipoise.service.workspace import Workspace

if __name__ == "__main__":
    work(Workspace(Path(sys.argv[1]), Path(sys.argv[2])))
