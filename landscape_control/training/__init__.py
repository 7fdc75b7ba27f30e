"""Networks trained: data sets, networks, the recipes of the paper's Fig. 2 e, f, resumable runs.

PyTorch is imported when something is trained, by functions and by ``ballistic``, which they import;
the readers of data files need NumPy only.
"""
