"""The claims: one module per claim, found by landscape_control.claims."""
