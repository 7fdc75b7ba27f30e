"""What must hold between the fields of courses, measurements and plans of networks."""

from collections.abc import Mapping

from .relation_checks import check_ascending, check_finite, check_shape, refuse


def check_course(values: Mapping) -> None:
    steps = values["program"].steps
    check_shape(values, "losses", (steps + 1,))
    check_shape(values, "rates", (steps,))
    check_shape(values, "shares", (steps,))


def check_measurement(values: Mapping) -> None:
    if not len(values["curvatures"]):
        refuse("curvatures", "at least one", "none")


def check_training_plan(values: Mapping) -> None:
    """Nodes are shared by neighbouring elements."""
    for name in ("times", "vertices", "positions"):
        check_ascending(name, values[name])
    elements, degree = len(values["vertices"]) - 1, len(values["positions"]) - 1
    nodes = elements * degree + 1
    if len(values["times"]) != nodes:
        wanted = f"{nodes}, {elements} elements of degree {degree}"
        refuse("times", wanted, f"{len(values['times'])}")
    check_finite("layer_weights", values["layer_weights"])
    check_shape(values, "losses", (nodes,))
    check_shape(values, "arc_lengths", (elements + 1,))
