"""One front door for policies of every kind: which rule is this?"""
