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
    kind, given = tree.get("kind"), {name: tree[name] for name in tree if name != "kind"}
    if kind == "RootMeanSquare" and given.keys() == {"averaged", "corrected"}:
        averaged, corrected = given["averaged"], given["corrected"]
        if isinstance(averaged, bool):
            beta1 = None if averaged else 0.0
            return {**_TEXTBOOK_ADAM, "beta1": beta1, "bias_correction": corrected}
    if kind == "Sign" and given.keys() == {"averages"} and given["averages"] in (0, 1, 2):
        return {"kind": _SIGNS[int(given["averages"])], "smoothing": None}
    return tree
