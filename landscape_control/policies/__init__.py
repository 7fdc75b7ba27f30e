"""Families of causal learning rules: one formula each, run on NumPy arrays and on CasADi symbols alike."""

from .coefficient import Coefficient, Layout
from .family import Clock, Family
from .linear import GradientDescent, HeavyBall
from .policy import Policy
from .program import PolicyProgram

__all__ = ["Clock", "Coefficient", "Family", "GradientDescent", "HeavyBall", "Layout", "Policy", "PolicyProgram"]
