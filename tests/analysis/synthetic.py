"""Data with known critical fractions and exponents, and Results that were never trained."""

import copy

import numpy as np
import pandas as pd
import xarray as xr

import fixtures  # noqa: F401  (puts the analysis package on the path)
import symsweep
from scipy import special
from symsweep import divergence, finite_size

MEAN_FIELD = 1 - special.gamma(0.25) ** 2 / (12 * special.gamma(0.75) ** 2)  # Binder cumulant of exp(-m^4/4): 0.2705


def ensemble(random, draw, sizes, fractions, seeds):
    """Ensemble of draw(random, L, r, seeds) -> m of so many runs."""
    rows = [(size, size**2, r, seed, m) for size in sizes for r in fractions for seed, m in enumerate(draw(random, size, r, seeds))]
    size, inputs, fraction, seed, order = map(np.array, zip(*rows))
    return finite_size.Ensemble(size.astype(float), inputs.astype(float), fraction, seed, order.astype(float), 1000)


def logistic(critical, nu, drift=0.0, slope=1.5, reference=1.0):
    """Runs are at 1 with probability 1 / (1 + exp(-slope (r - r_c(L)) L^(1/nu))), else at 0."""
    def draw(random, size, r, seeds):
        at = critical * (size / reference) ** -drift
        return random.random(seeds) < special.expit(slope * (r - at) * size ** (1 / nu))
    return draw


def mean_field(critical, nu):
    """m L^(1/2) has the density exp(x m^2 / 2 - m^4 / 4) with x = (r - r_c) L^(1/nu): cumulants of all sizes cross at r_c,
    at MEAN_FIELD."""
    m = np.linspace(-7, 7, 4001)

    def draw(random, size, r, seeds):
        x = (r - critical) * size ** (1 / nu)
        log_weight = x * m**2 / 2 - m**4 / 4
        weight = np.cumsum(np.exp(log_weight - log_weight.max()))
        return np.interp(random.random(seeds) * weight[-1], weight, m) * size**-0.5
    return draw


def times(random, gamma, critical, amplitude=60.0, sigma=0.3, steps=3000, every=50, seeds=10, offsets=np.linspace(-0.1, 0.35, 10)):
    """Times of runs that generalize at A (r - r_c)^-gamma exp(sigma e), seen every so many steps up to `steps`;
    `critical`: L -> r_c; `gamma` a number or L -> number."""
    rows = []
    for size, r_c in critical.items():
        exponent = gamma[size] if isinstance(gamma, dict) else gamma
        for r in r_c + 0.003 + offsets:
            t = amplitude * (r - r_c) ** -exponent * np.exp(sigma * random.normal(size=seeds)) if r > r_c else np.full(seeds, np.inf)
            seen = np.ceil(t / every) * every
            rows += [(size, r, steps, np.inf) if s > steps else (size, r, s - every, s) for s in seen]
    return divergence.Times(*(np.array(column, dtype=float) for column in zip(*rows)))


class Made(symsweep.Results):
    """Results of runs given as dicts: p, train_inputs, test_inputs, unmirrored_inputs, seed, status, steps (evaluated),
    accuracy (there), and what else the run table has; `config` more keys of the configuration."""

    def __init__(self, runs):
        rows = [{"status": "done", "stopped_early": False, "t_gen": None, "planned": True, "damaged": False, **run} for run in runs]
        self.configs = [{"task": {"kind": "modular", "operation": "add", "p": row.pop("p")}, "seed": row["seed"], "data_seed": row["seed"],
                         "steps": row.pop("budget"), **row.pop("config", {})} for row in rows]
        evaluations = max(len(row["at"]) for row in rows)
        step, accuracy = np.full((len(rows), evaluations), -1), np.full((len(rows), evaluations), np.nan)
        for k, row in enumerate(rows):
            at = row.pop("at")
            step[k, :len(at)], accuracy[k, :len(at)] = at, row.pop("accuracy")
            row["steps"] = at[-1] if len(at) else 0
        self.runs = pd.DataFrame(rows)
        for name in ("t_gen", "train_inputs", "test_inputs", "unmirrored_inputs"):
            self.runs[name] = self.runs[name].astype("Int64")
        self.runs.index.name = "run"
        self.axes, self.families, self.paths, self.unverified = [], [], ["made.h5"], []
        self._places, self._written = [(0, k) for k in range(len(rows))], None
        self._whole = xr.Dataset({"step": (("run", "evaluation"), step), "test_accuracy": (("run", "evaluation"), accuracy)},
                                 coords={"run": np.arange(len(rows))})

    def read_curves(self, names=None, runs=None):
        return self._whole[names].sel(run=self.runs.index if runs is None else runs)

    def with_rows(self, **columns):
        changed = copy.copy(self)
        changed.runs = self.runs.assign(**columns)
        return changed


def sweep(random, sizes, fractions, seeds, critical=0.45, nu=1.0, budget=2000, every=100):
    """Made results in which runs generalize with the probability of logistic(critical, nu), the sooner the larger r."""
    rows, at = [], np.arange(0, budget + 1, every)
    draw = logistic(critical, nu)
    for size in sizes:
        for r in fractions:
            train = round(r * size**2)
            test = size**2 - train
            lonely = round((1 - r) * test)
            for seed, ordered in enumerate(draw(random, size, r, seeds)):
                t = 150 * max(r - critical + 0.15, 0.02) ** -1.0 * np.exp(0.2 * random.normal())
                t_gen = int(np.ceil(t / every) * every) if ordered else None
                t_gen = t_gen if t_gen is not None and t_gen <= budget else None
                low = (1 - lonely / test) * np.minimum(1, at / 300) + 0.01 * random.random(len(at))
                accuracy = np.where(at >= (t_gen or np.inf), 1.0, low)
                rows.append({"p": size, "train_inputs": train, "test_inputs": test, "unmirrored_inputs": lonely, "seed": seed, "budget": budget,
                             "at": at, "accuracy": accuracy, "t_gen": t_gen, "config": {"train_fraction": r}})
    return Made(rows)
