"""What must hold between the fields of recorded results, by class: lengths that agree, order in time,
finite numbers.
"""

from . import belief_relations as belief
from . import policy_relations as policy
from . import trajectory_relations as trajectory

RELATIONS = {
    "BeliefCoordinates": (belief.check_coordinates,),
    "BeliefLayout": (belief.check_layout,),
    "BeliefSolution": (belief.check_belief_solution,),
    "Certificate": (trajectory.check_certificate,),
    "GridPolicy": (belief.check_grid,),
    "GridSolution": (belief.check_grid_solution,),
    "Identifiability": (belief.check_identifiability,),
    "LQGSolution": (belief.check_lqg,),
    "Plan": (trajectory.check_plan,),
    "Policy": (policy.check_policy,),
    "PolicyResult": (policy.check_policy_result,),
    "ReplanningSolution": (belief.check_planned_belief,),
    "ScenarioResult": (policy.check_scenario_result,),
    "SecondVariation": (belief.check_variation,),
    "Solution": (trajectory.check_solution,),
    "Tail": (trajectory.check_tail,),
    "TranscribedSolution": (belief.check_planned_belief, belief.check_transcribed),
    "WorstCaseResult": (policy.check_policy_result,),
}
