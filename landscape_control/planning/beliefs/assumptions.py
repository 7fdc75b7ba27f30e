"""What plans through beliefs take for granted, and what their costs therefore mean, in words."""

ASSUMES = (
    "the path is planned as if every innovation were zero: observations sharpen a Gaussian belief"
    " but never move its mean, so information is valued only through the covariance in the expected"
    " loss; surprises are met by linear feedback around the plan, and the cost adds their price to"
    " second order. Exact for problems that are linear, quadratic and Gaussian"
)
ASSUMES_TASKS = (
    "the path is planned as if every innovation were zero: task probabilities relax by the chain's"
    " rates alone, so no value is put on information; surprises are met by linear feedback around"
    " the plan. The cost is exact for carrying out the plan without looking, hence an upper bound"
    " on the best"
)
ASSUMES_PRICED = (
    "the plan is the path without surprises, but its cost carries the price of innovations to"
    " second order (belief-space iLQG), so that information is valued through what it lets the"
    " learner do; surprises are met by linear feedback around the plan. Exact for problems that are"
    " linear, quadratic and Gaussian; elsewhere an approximation near the planned path"
)
