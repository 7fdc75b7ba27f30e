"""What every other part stands on: refused input, arrays, checked arguments, compiled functions,
interpolation, worker processes. Nothing here knows of learning.
"""
