"""Whether a plan is optimal, judged without the optimiser that found it: Pontryagin's conditions along
the whole path, the cost integrated anew, and the second variation.
"""
