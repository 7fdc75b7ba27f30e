"""Rules that emerge: the best causal rule of a family, and which family is best where."""
