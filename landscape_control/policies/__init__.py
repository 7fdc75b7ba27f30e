"""Families of causal learning rules: one formula each, run on NumPy arrays and on CasADi symbols alike."""

from .adaptive import AdamFamily
from .coefficient import Coefficient, Layout
from .family import Clock, Family
from .linear import FirstOrderSpan, GradientDescent, HeavyBall, Nesterov
from .policy import Policy
from .program import PolicyProgram
from .response import impulse_response

__all__ = [
    "AdamFamily", "Clock", "Coefficient", "Family", "FirstOrderSpan", "GradientDescent", "HeavyBall", "Layout", "Nesterov",
    "Policy", "PolicyProgram", "impulse_response"]
