"""Results files of symsweep in Python.

    import symsweep
    results = symsweep.load("results.h5")     # or a list of files; a sweep may still be writing them
    results.runs                              # pandas: one row a run, columns as `symsweep export` names them
    results.curves                            # xarray: every curve, (run, evaluation)
    results.by_generator                      # xarray: violation of each generator of the task's symmetry group
    results.snapshots                         # xarray: PCA, spectra, (run, snapshot, ...)

docs/analysis.md explains all of it; symsweep.statistics has the survival analysis and the threshold test, symsweep.generators
when each symmetry is acquired.
"""

from .results import Results, ResultsError, load

__all__ = ["Results", "ResultsError", "load"]
