"""Optimal control in belief space: exact LQG, direct transcription, replanning, dynamic programming."""
