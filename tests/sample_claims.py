"""Evaluations of sample claims, which worker processes import: this module loads little else."""

import os

from landscape_control.claims import Check, Evidence


def check(**changes):
    return Check(
        **(
            {"quantity": "x", "theory": 2.0, "computed": 2.5, "relation": "equal", "tolerance": 0.1}
            | changes
        )
    )


def good():
    return Evidence(checks=(check(computed=2.0),), data={"pid": os.getpid()})


def wrong():
    return Evidence(checks=(check(),))


def raising():
    raise ValueError("the loss\nis not there")


def dying():
    os._exit(3)


def unpicklable():
    return Evidence(checks=(check(),), data={"f": lambda: 0})


def needing(argument):
    return good()
