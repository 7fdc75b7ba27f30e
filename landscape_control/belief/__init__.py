"""Beliefs about hidden variables and how observations move them."""
