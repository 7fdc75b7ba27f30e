"""Closed-loop simulation against the true hidden landscape, with common random numbers."""
