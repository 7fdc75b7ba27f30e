"""A network whose loss is a quadratic of given Hessian; needs PyTorch."""

import torch


class Bowl(torch.nn.Module):
    """z = Rθ, whatever the input: with half squared distances from targets y a quadratic loss."""

    def __init__(self, root, start):
        super().__init__()
        self.register_buffer("root", torch.tensor(root))
        self.theta = torch.nn.Parameter(torch.tensor(start))

    def forward(self, inputs):
        return (self.root @ self.theta).expand(len(inputs), -1)


def half_squares(outputs, targets):
    return 0.5 * (outputs - targets).square().sum(1).mean()
