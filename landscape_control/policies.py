"""Old names of the families of causal learning rules, which live in ``rules.families``, and of the
program that optimises one.
"""

from .optimisation.program import PolicyProgram
from .rules.catalogue import ALL, NEEDING
from .rules.catalogue import family_by_name as by_name
from .rules.families import (
    AdamFamily,
    Clock,
    Coefficient,
    Constant,
    Cosine,
    DiscountedBayes,
    Family,
    FirstOrderSpan,
    Fixed,
    GatedPolicy,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Layout,
    Lion,
    Nesterov,
    NeuralPolicy,
    Policy,
    Polynomial,
    QuasiHyperbolic,
    Scheduled,
    ScheduledDescent,
    Shape,
    SignDescent,
    WarmupStableDecay,
    WeightDecay,
    impulse_response,
)

__path__: list[str] = []  # a package to the import system: policies.elementwise is an older path

__all__ = [
    "ALL",
    "NEEDING",
    "AdamFamily",
    "Clock",
    "Coefficient",
    "Constant",
    "Cosine",
    "DiscountedBayes",
    "Family",
    "FirstOrderSpan",
    "Fixed",
    "GatedPolicy",
    "GradientDescent",
    "HeavyBall",
    "InverseTime",
    "Layout",
    "Lion",
    "Nesterov",
    "NeuralPolicy",
    "Policy",
    "PolicyProgram",
    "Polynomial",
    "QuasiHyperbolic",
    "Scheduled",
    "ScheduledDescent",
    "Shape",
    "SignDescent",
    "WarmupStableDecay",
    "WeightDecay",
    "by_name",
    "impulse_response",
]
