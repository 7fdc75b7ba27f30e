"""In what two plans differ, field by field, for whoever gave a folder to another sweep."""

import json
from collections.abc import Iterator

from ..records import differences
from .identity import why_other
from .plan import Plan

_COMPARED_APART = ("specification", "axes", "versions", "code", "sha256")


def plan_differences(stored: Plan, now: Plan) -> Iterator[str]:
    """Names of the fields in which two plans differ, with their values where they are short."""
    if stored.specification != now.specification:
        names = differences(stored.specification, now.specification)
        yield from (f"problem.{name}" for name in names)
    for theirs, ours in zip(stored.measures, now.measures, strict=False):
        if theirs["name"] != ours["name"]:  # which the comparison of the documents says
            continue
        why = why_other(theirs["code"], ours["code"])
        if why:
            yield f"measure {theirs['name']!r} ({why})"
    yield from other_code(stored.code, now.code)
    before, after = _document(stored), _document(now)
    for name in before:
        if name not in _COMPARED_APART and before[name] != after[name]:
            yield f"{name} (stored {before[name]}, now {after[name]})"
    for package in {**stored.versions, **now.versions}:
        known, here = stored.versions.get(package), now.versions.get(package)
        if known != here:
            yield f"version of {package} (stored {known}, now {here})"
    yield from _other_axes(before["axes"], after["axes"])


def _document(plan: Plan) -> dict:
    document = json.loads(plan.text)
    # what is said about measures may be put better in time
    document["measures"] = [
        measure["address"] or measure["name"] for measure in document["measures"]
    ]
    return document


def _other_axes(stored: list[dict], now: list[dict]) -> Iterator[str]:
    names = [axis["name"] for axis in stored]
    names_now = [axis["name"] for axis in now]
    if names != names_now:
        yield f"axes (stored {', '.join(names)}, now {', '.join(names_now)})"
        return
    for axis, axis_now in zip(stored, now, strict=True):
        if axis != axis_now:
            yield f"values of axis {axis['name']!r}"


def other_code(stored: dict, now: dict) -> Iterator[str]:
    """Names of the user's classes whose code is not that of a plan, and why."""
    for name, code in now.items():
        why = "which the store has no digest of"
        if name in stored:
            why = why_other(stored[name], code)
        if why:
            yield f"{name} ({why})"
