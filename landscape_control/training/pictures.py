"""The curves of a study as plain arrays, for ``display.plotting.overviews.training_curves``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray


def curves_data(
    table: "xarray.Dataset", loss: Sequence[float] = (), accuracy: Sequence[float] = ()
) -> dict[str, Any]:
    """The data of the picture of a study; published numbers, where given, cut to its epochs."""
    epochs = table["epoch"].values
    data = {
        "epochs": epochs,
        "labels": table["label"].values.astype(str),
        "rules": table["style"].values.astype(str),
        "training_loss": table["training_loss"].values,
        "test_accuracy": table["test_accuracy"].values,
        "title": f"{table.attrs['network']}, {table.attrs['data'].split(',')[0]}",
    }
    count = min(len(epochs), len(loss))
    if count:
        data["published_epochs"] = epochs[:count]
        data["published_loss"] = np.array(loss[:count])
        data["published_accuracy"] = np.array(accuracy[:count])
    return data
