"""The constants of a derived run. None depends on the problem."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is the same for every run.

    Attributes
    ----------
    cap : largest share of the stability bound 2(1+β)/λ_max that a planned rate may take
    first_cap : by which the cap is multiplied until the first stage has been judged
    indifference : plans of stages that end early, whose predicted losses differ by less than this
        factor, are equal; the one furthest from the edge of stability is taken
    forgiving : Schedule-Free is a network's last plan where its predicted loss is within this factor
        of the least
    rise : how far the predicted loss may rise above the present one
    plain : steps in which the metric is that of the weights (p = 0)
    early : share of the steps after which one plan is made for all the rest of a network's, once
        the loss has fallen below ``fallen`` times that at the start; at ``late`` it is made anyway
    longest : of a stage before that, a share of the steps
    alarm, deviations : batch losses beyond alarm·L + deviations standard errors roll back
    risen : a measured loss above this factor of the one before, and above it by three standard
        errors, takes the stage back; no plan may predict such a rise
    dying : fall of λ_max, since the last measurement or since its largest, that means dead units
        where the loss has not fallen to ``alive`` of itself since then
    exact : factor of the cap where the loss is quadratic in the weights and λ_max no guess
    poor, good : shares of the promised fall of the loss, below and above which a network's plans
        are trusted less and more, the usual ones of trust regions (J. Nocedal, S. Wright,
        *Numerical Optimization*, 2006, Algorithm 4.1)
    caution : what a roll-back multiplies the cap by
    least_caution : the cap is multiplied by no less
    doubted : roll-backs in a row after which a network's stages are short and in the metric of its
        weights, whatever was planned before
    most_returns : the same, after which the run stops
    """

    cap: float = 0.5
    first_cap: float = 0.3
    indifference: float = 1.02
    forgiving: float = 1.1
    rise: float = 1.1
    plain: int = 20
    early: float = 0.1
    fallen: float = 0.5
    late: float = 0.3
    longest: float = 0.2
    alarm: float = 2.0
    deviations: float = 5.0
    risen: float = 1.1
    dying: float = 3.0
    alive: float = 0.9
    exact: float = 1.9
    poor: float = 0.25
    good: float = 0.75
    caution: float = 1 / 3
    least_caution: float = 1 / 27
    doubted: int = 2
    most_returns: int = 8
