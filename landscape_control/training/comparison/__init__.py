"""Optimizers compared on training tasks at equal numbers of steps and at equal time.

Tasks, methods, one run, the store of finished runs and what is counted over them stand in modules
of their own. PyTorch is imported when something is trained, not before.
"""
