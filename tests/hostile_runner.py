"""Loads files one after the other in this process and prints for each, as JSON: what came of it,
seconds, megabytes.

    python tests/hostile_runner.py PATH …

Memory is what the process held at most while it loaded the file, beyond what it held before
(Linux).
"""

import json
import sys
import time
from pathlib import Path

import landscape_control as lc
from landscape_control.support.errors import ProblemError

RAW = ("Error:", "Exception:", "Traceback")  # how an exception of somebody else's reads


def outcome(path, use=lc.load):
    """("loaded" | "refused" | "cryptic" | "raised", the message) of a file or folder."""
    try:
        use(path)
    except ProblemError as error:
        says_where = str(path) in str(error) and error.expected and error.advice
        return (
            "refused" if says_where and not any(raw in error.received for raw in RAW) else "cryptic"
        ), str(error)[:400]
    except BaseException as error:
        return "raised", f"{type(error).__name__}: {error}"[:400]
    return "loaded", ""


def measured(path, use=lc.load):
    """{"outcome", "message", "seconds", "megabytes"}."""
    before = _reset_peak()
    began = time.process_time()  # whatever else the machine does meanwhile
    found, message = outcome(path, use)
    seconds = time.process_time() - began
    return {
        "outcome": found,
        "message": message,
        "seconds": seconds,
        "megabytes": (_kilobytes("VmHWM") - before) / 1024,
    }


def _reset_peak():
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _kilobytes("VmRSS")
    except OSError:
        return 0


def _kilobytes(name):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


if __name__ == "__main__":
    # what a first time takes is no file's fault
    lc.load(Path(__file__).parent / "data/records/v1/solution.nc")
    lc.load(Path(__file__).parent / "data/records/v1/table.nc")
    for name in sys.argv[1:]:
        sys.stdout.write(json.dumps(measured(name)) + "\n")
        sys.stdout.flush()
