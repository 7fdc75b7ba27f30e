"""Whole paths of networks through weight space: planned ones, and gradient flow beside them."""

from .flow import GradientFlow, gradient_flow
from .plan import plan_training
from .progress import PlanProgress
from .training_plan import TrainingPlan

__all__ = ["GradientFlow", "PlanProgress", "TrainingPlan", "gradient_flow", "plan_training"]
