"""Sweeps and results files of symsweep in Python.

    import symsweep
    results = symsweep.load("results.h5")     # or a list of files; a sweep may still be writing them
    results.runs                              # pandas: one row a run, columns as `symsweep export` names them
    results.curves.sel(train_fraction=0.8)    # xarray: every curve, (run, evaluation); axes, label, seed as coordinates
    results.tidy()                            # pandas: every evaluation a row, for seaborn
    results.onsets("t_gen", by="train_fraction")   # medians of censored times
    results.run(3).model(step=1000)           # a torch.nn.Module
    symsweep.sweep({...}).run(ranks=4)        # trains, and loads the results

docs/analysis.md explains all of it; symsweep.statistics has the survival analysis and the threshold test, symsweep.generators
when each symmetry is acquired, symsweep.network and symsweep.optimizer what is trained, in PyTorch."""

from .facts import VERSION as __version__
from .results import Results, ResultsError, load
from .run import Run
from .sweeps import Plan, Sweep, SweepError, sweep

__all__ = ["Plan", "Results", "ResultsError", "Run", "Sweep", "SweepError", "__version__", "load", "sweep"]
