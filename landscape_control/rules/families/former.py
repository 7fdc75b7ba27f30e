"""Families under the names and fields that files of earlier versions give them."""

from collections.abc import Mapping

_TEXTBOOK_ADAM = {
    "kind": "AdamFamily",
    "exponent": 0.5,
    "epsilon": None,
    "epsilon_outside": True,
}
_SIGNS = ("SignDescent", "Signum", "Lion")  # by how many averages they keep


def present(tree: Mapping[str, object]) -> Mapping[str, object]:
    """The tree of a family as it is written today; any other tree as it is."""
    kind = tree.get("kind")
    settings = tree.keys() - {"kind"}
    averaged, averages = tree.get("averaged"), tree.get("averages")
    is_adam = kind == "RootMeanSquare" and settings == {"averaged", "corrected"}
    if is_adam and isinstance(averaged, bool):
        beta1 = None if averaged else 0.0
        return {**_TEXTBOOK_ADAM, "beta1": beta1, "bias_correction": tree["corrected"]}
    if kind == "Sign" and settings == {"averages"} and averages in (0, 1, 2):
        return {"kind": _SIGNS[int(averages)], "smoothing": None}
    return tree
