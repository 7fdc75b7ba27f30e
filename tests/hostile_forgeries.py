"""Records that are sound in structure and cannot be true, or that take long for what they hold; see
``hostile_records``.
"""

import json

import numpy as np
from hostile_records import attack, edited, texts


def _forged(name, change):
    """An attack that changes the file of a solution.

    Two of its statements contradict each other.
    """

    def made(folder):
        return edited(folder, change)

    made.__name__ = name
    attack(made)


def _attribute(place, name, value):
    return lambda file: file[place].attrs.__setitem__(name, value)


def _array(place, change):
    return lambda file: file[place].__setitem__(..., change(file[place][()]))


def _clock(change):
    """Another time at all nodes, and at the ends of all elements."""
    return lambda file: [_array(f"plans/0/{name}", change)(file) for name in ("times", "vertices")]


_forged("plans_with_the_worst_first", _attribute("plans/1", "cost", 0.1))
_forged("fewer_iterations_than_none", _attribute("plans/0", "iterations", -7))
_forged("fewer_starts_than_none", _attribute("/", "starts", -2))
_forged("seconds_of_nan", _attribute("/", "build_seconds", float("nan")))
_forged("a_path_from_elsewhere", _array("plans/0/parameters", lambda path: path + 1))
_forged("a_path_of_another_horizon", _clock(lambda t: 2 * t))
_forged("a_path_that_begins_late", _clock(lambda t: t + 1))
_forged("nodes_beside_their_mesh", _array("plans/0/positions", np.square))
_forged("vertices_beside_their_nodes", _array("plans/0/vertices", lambda t: 2 * t))
_forged("a_certificate_that_fails", _attribute("certificate", "dynamics", 1e3))
_forged("a_certificate_of_nan", _attribute("certificate", "costate", float("nan")))
_forged("a_mismatch_held_against_nothing", _attribute("certificate", "cost_mismatch", 1e-9))


def _other_problem(name, change):
    def made(folder):
        return texts(folder, change)

    made.__name__ = name
    attack(made)


_other_problem("a_problem_of_another_horizon", lambda tree: tree["objective"].update(horizon=1.0))
_other_problem(
    "a_problem_of_another_start", lambda tree: tree["start"]["array"].update(values=[5.0, 5.0])
)
_other_problem(
    "a_problem_of_another_end",
    lambda tree: tree.update(end={"array": {"shape": [2], "values": [9.0, 9.0]}}),
)


# -- what takes long
# --------------------------------------------------------------------------------------------------


@attack
def texts_under_thousands_of_names(folder):
    """Each name is looked for in all of the file."""

    def change(file):
        file["ballast"] = np.random.default_rng(0).random(2**19)
        for i in range(900):
            file["ballast"].attrs[f"name {i}"] = "x"

    return edited(folder, change)


@attack
def chunks_of_one_number(folder):
    """The HDF5 library looks through all chunks to find one."""

    def change(file):
        file.create_dataset("ballast", data=np.zeros(3000), chunks=(1,))

    return edited(folder, change)


@attack
def functions_of_fifty_thousand_inputs_each(folder):
    wide = {
        "function": {
            "inputs": [["theta", [50_000, 1]]],
            "steps": [["INPUT", 0, 0]],
            "outputs": [[[1, 1], [0]]],
        }
    }
    return texts(folder, lambda tree: tree["learner"].update(drift=[wide] * 200))


@attack
def a_hundred_thousand_learners(folder):
    many = [{"kind": "Learner", "metric": None}] * 100_000
    return texts(
        folder,
        lambda tree: json.dumps(
            {"format": "landscape_control problem", "version": 1, "problem": many}
        ),
    )


@attack
def a_function_just_above_what_is_read(folder):
    def change(tree):
        steps = tree["landscape"]["expression"]["steps"]
        steps += [["SIN", len(steps) - 1 + k] for k in range(68_000)]
        tree["landscape"]["expression"]["outputs"] = [[[1, 1], [len(steps) - 1]]]

    return texts(folder, change)


@attack
def half_a_surrogate_pair(folder):
    return texts(
        folder,
        lambda tree: json.dumps(
            {
                "format": "landscape_control problem",
                "version": 1,
                "problem": tree | {"landscape": {"name": "\ud800"}},
            }
        ),
    )


@attack
def a_terminal_cost_of_two_vectors(folder):
    function = {
        "inputs": [["a", [2, 1]], ["b", [2, 1]]],
        "steps": [["INPUT", 0, 0]],
        "outputs": [[[1, 1], [0]]],
    }
    return texts(folder, lambda tree: tree["objective"].update(terminal={"function": function}))
