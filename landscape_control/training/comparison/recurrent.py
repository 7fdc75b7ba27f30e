"""A recurrent network that scores sequences; imported where it is made, as it needs PyTorch."""

import torch


class Recurrent(torch.nn.Module):
    """Scores from the last state of a gated recurrent unit.

    ``inputs`` numbers at each place of a sequence, (n, length, inputs); ``states`` of the unit;
    ``outputs`` scores.
    """

    def __init__(self, *, inputs: int, states: int, outputs: int) -> None:
        super().__init__()
        self.unit = torch.nn.GRU(inputs, states, batch_first=True)
        self.scores = torch.nn.Linear(states, outputs)

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        """(n, outputs) scores."""
        found, _ = self.unit(sequences)
        scores: torch.Tensor = self.scores(found[:, -1])
        return scores
