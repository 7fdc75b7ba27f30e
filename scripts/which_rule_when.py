"""Which rule is optimal as the planning horizon grows? Copy this file and change the landscape.

    python scripts/which_rule_when.py

Prints, for several discounts, the verdict on the numerically optimal policy, what running gradient
descent instead would cost, and the preconditioner exponent p (0: gradient descent, 1/2: ballistic,
like Adam's square root).
"""

import math

import numpy as np

import landscape_control as lc

LANDSCAPE = lc.quadratic(hessian=np.diag([0.2, 1.0, 5.0]))
START = [1.0, 1.0, 1.0]
DISCOUNTS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.0)


def main():
    print(
        f"{'discount':>8}  {'optimal policy':26}  {'gradient descent costs':>22}  exponent p by"
        " curvature"
    )
    for discount in DISCOUNTS:
        objective = lc.Objective(horizon=math.inf, discount=discount)
        problem = lc.ControlProblem(landscape=LANDSCAPE, objective=objective, start=START)
        verdict = lc.compare(problem, starts=12)
        name = verdict.best.rule.name if verdict.best is not None else str(verdict.conclusion.value)
        excess = verdict.row("gradient_descent").excess_cost
        exponents = lc.preconditioner_exponent(problem)
        print(f"{discount:8g}  {name:26}  {excess:>+21.2%}   {np.round(exponents.exponent, 3)}")


if __name__ == "__main__":
    main()
