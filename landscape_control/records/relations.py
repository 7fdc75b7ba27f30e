"""What must hold between the fields of recorded results, by class: lengths that agree, order in time,
finite numbers.
"""

from . import belief_relations as belief
from . import policy_relations as policy
from . import result_relations as result
from . import training_relations as training
from . import trajectory_relations as trajectory

RELATIONS = {
    "BeliefCoordinates": (belief.check_coordinates,),
    "BeliefLayout": (belief.check_layout,),
    "BeliefSolution": (belief.check_belief_solution,),
    "Certificate": (trajectory.check_certificate,),
    "Course": (training.check_course,),
    "ExactTuned": (result.check_tuned,),
    "GlobalCertificate": (result.check_global_certificate,),
    "GridPolicy": (belief.check_grid,),
    "GridSolution": (belief.check_grid_solution,),
    "Identifiability": (belief.check_identifiability,),
    "LQGSolution": (belief.check_lqg,),
    "LinearisedRules": (result.check_linearised,),
    "Measurement": (training.check_measurement,),
    "Paths": (result.check_paths,),
    "Plan": (trajectory.check_plan,),
    "Policy": (policy.check_policy,),
    "PolicyResult": (policy.check_policy_result,),
    "RawRule": (result.check_rule_of_state,),
    "ReplanningSolution": (belief.check_planned_belief,),
    "Result": (result.check_settings,),
    "Rollout": (result.check_rollout,),
    "RuleFit": (result.check_rule_fit,),
    "ScenarioResult": (policy.check_scenario_result,),
    "ScheduledRule": (result.check_scheduled_rule,),
    "SecondVariation": (belief.check_variation,),
    "Solution": (trajectory.check_solution,),
    "StepRule": (result.check_rule_of_state,),
    "Tail": (trajectory.check_tail,),
    "Trajectory": (result.check_trajectory,),
    "TrainingPlan": (training.check_training_plan,),
    "TranscribedSolution": (belief.check_planned_belief, belief.check_transcribed),
    "Tuned": (result.check_tuned,),
    "Verdict": (result.check_verdict,),
    "WorstCaseResult": (policy.check_policy_result,),
}
