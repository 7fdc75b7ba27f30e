"""What is learned and by whom: landscapes and what is hidden in them, what is observed, the learner,
the objective, beliefs, and the control problem that they make.
"""
