"""Finite-size scaling: where does generalization begin as the train set grows, how sharply, and how does that change with
the size of the task?

The order parameter of a run is m = (a - a_mirror) / (1 - a_mirror): a is its test accuracy at one step, the same for all
runs, and a_mirror the share of its test inputs whose mirror is in the train set. A model that has learned the mirrors
and no more is at 0, one that has learned the task at 1. L is the size (p of modular tasks), N the number of inputs of
the table, r the share of them in the train set.

All intervals are percentile bootstrap intervals over seeds: a drawn seed brings all its runs, at every fraction and
size. Arrays of resamples have the runs as they are in their first row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from scipy import special, stats

from . import command, settings, statistics
from .facts import ENDED
from .results import Results
from .statistics import Interval

LEVEL = 0.5  # a run is ordered from this order parameter on
EXPONENT = 10.0  # 1/nu and drift are looked for up to this, either way


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """One entry a run: size L, inputs N, fraction r, seed, order parameter m at `step`."""

    size: np.ndarray
    inputs: np.ndarray
    fraction: np.ndarray
    seed: np.ndarray
    order: np.ndarray
    step: int = 0


# ---- runs ----

def by_setting(results: Results, size: str = "task.p",
               all: bool = False) -> dict[str, tuple[Results, np.ndarray, np.ndarray]]:
    """setting -> (Results, L, r) of the runs that have ended and have a test set and the key `size`: runs of a setting
    differ in size, train fraction and seed alone."""
    results = results.counted(all)
    results = results.select(results.runs["status"].isin(ENDED))
    given = [settings.flat(config).get(size) for config in results.configs]
    has_size = [isinstance(value, (int, float)) and value > 0 for value in given]
    if "train_inputs" not in results.runs or "test_inputs" not in results.runs or not any(has_size):
        raise command.Refusal("no run that has ended has the key %s: name the key that is the size" % size)
    train, test = (results.runs[name].fillna(0).to_numpy(float) for name in ("train_inputs", "test_inputs"))
    counts = np.array(has_size) & (train > 0) & (test > 0)
    results, sizes = results.select(counts), np.array([x for x, mine in zip(given, counts) if mine], dtype=float)
    fraction = train[counts] / (train + test)[counts]
    names = np.array(settings.names(results, told=[sizes.tolist(), fraction.tolist()]), dtype=object)
    return {name: (results.select(names == name), sizes[names == name], fraction[names == name]) for name in dict.fromkeys(names)}


def accuracy_at(results: Results, step: int) -> np.ndarray:
    """Test accuracy of each run at its last evaluation up to `step`; NaN where it was not trained so far. A run that
    ended by itself keeps its last value: one that `stop` or `prune` ended because it had generalized, or that diverged."""
    curves = results.read_curves(["step", "test_accuracy"])
    steps, accuracy = curves["step"].values, curves["test_accuracy"].values.astype(float)
    known = (steps >= 0) & np.isfinite(accuracy)
    at = known & (steps <= step)
    last = at.shape[1] - 1 - at[:, ::-1].argmax(axis=1)
    runs = results.runs
    over = runs["status"].eq("diverged").to_numpy()
    if "stopped_early" in runs:
        over = over | np.array([statistics.is_one(value) for value in runs["stopped_early"]], dtype=bool)
    if "t_gen" in runs:
        over = over | (runs["status"].eq("pruned") & runs["t_gen"].notna()).to_numpy()
    reached = (np.where(known, steps, -1).max(axis=1) >= step) | over
    return np.where(at.any(axis=1) & reached, accuracy[np.arange(len(at)), last], np.nan)


def ensembles(results: Results, step: int | None = None, size: str = "task.p", all: bool = False) -> dict[str, Ensemble]:
    """setting -> Ensemble, of the runs that were trained up to `step` (None: the fewest steps that a run of the setting
    was given). A task without mirrors has a_mirror 0; a run without a test input that is not mirrored has no m."""
    found = {}
    for name, (part, sizes, fraction) in by_setting(results, size, all).items():
        at = min(config["steps"] for config in part.configs) if step is None else step
        test = part.runs["test_inputs"].to_numpy(float)
        lonely = part.runs["unmirrored_inputs"].to_numpy(float, na_value=np.nan) if "unmirrored_inputs" in part.runs else np.nan
        mirrored = np.where(np.isnan(lonely), 0, 1 - lonely / test)
        with np.errstate(divide="ignore", invalid="ignore"):
            order = (accuracy_at(part, at) - mirrored) / (1 - mirrored)
        known = np.isfinite(order)
        inputs = part.runs["train_inputs"].to_numpy(float) + test
        seed = part.runs["seed"].fillna(0).to_numpy(int)
        found[name] = Ensemble(sizes[known], inputs[known], fraction[known], seed[known], order[known], int(at))
    return found


# ---- points ----

@dataclasses.dataclass(frozen=True)
class Points:
    """Every size and fraction that has runs, in ascending order [P]; what was measured there [samples + 1, P].

    mean            of m over the runs of a point
    susceptibility  N Var(m)
    binder          1 - <m^4> / (3 <m^2>^2): 2/3 where all runs have one m, 0 where m is Gaussian about 0, far below 0
                    where few of the runs are ordered and the others at 0
    count, ordered  runs, and those of them with m of LEVEL or more"""

    size: np.ndarray
    inputs: np.ndarray
    fraction: np.ndarray
    count: np.ndarray
    ordered: np.ndarray
    mean: np.ndarray
    susceptibility: np.ndarray
    binder: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        return np.unique(self.size)

    @property
    def share(self) -> np.ndarray:
        """Of runs that are ordered; NaN where a resample has none."""
        with np.errstate(invalid="ignore"):
            return self.ordered / self.count

    def select(self, mask: np.ndarray) -> Points:
        return Points(**{field.name: getattr(self, field.name)[..., mask] for field in dataclasses.fields(self)})

    def interval(self, name: str, point: int) -> Interval:
        values = getattr(self, name)[:, point]
        return interval(values)


def interval(values: np.ndarray, lower: np.ndarray | None = None, upper: np.ndarray | None = None) -> Interval:
    """Interval of values [samples + 1] whose first is the estimate. Where a value is known only to lie within bounds,
    `lower` and `upper` are these. NaN bounds nothing: it counts as -inf below and inf above."""
    lower, upper = (values if bound is None else bound for bound in (lower, upper))
    low = statistics.percentiles(np.where(np.isnan(lower), -np.inf, lower)[1:], statistics.CONFIDENCE)[0]
    high = statistics.percentiles(np.where(np.isnan(upper), np.inf, upper)[1:], statistics.CONFIDENCE)[1]
    return Interval(float(values[0]), low, high)


def points(ensemble: Ensemble, samples: int = statistics.RESAMPLES, seed: int = 0) -> Points:
    """Points of the runs and of `samples` bootstrap samples of their seeds."""
    places, member = np.unique(np.stack([ensemble.size, ensemble.fraction], axis=1), axis=0, return_inverse=True)
    seeds, of_seed = np.unique(ensemble.seed, return_inverse=True)
    drawn = np.zeros((samples + 1, len(seeds)))
    np.add.at(drawn, (np.arange(1, samples + 1)[:, None], statistics.resample(len(seeds), samples, seed)), 1)
    drawn[0] = 1
    inside = np.zeros((len(member), len(places)))
    inside[np.arange(len(member)), member.ravel()] = 1
    weight, m = drawn[:, of_seed], ensemble.order
    inputs = (ensemble.inputs @ inside) / inside.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = weight @ inside
        first, second, fourth = (weight * m**power @ inside / count for power in (1, 2, 4))
        variance = np.maximum(second - first**2, 0) * count / (count - 1)
        binder = 1 - fourth / (3 * second**2)
    return Points(places[:, 0], inputs, places[:, 1], count, weight * (m >= LEVEL) @ inside, first, inputs * variance,
                  np.where(np.isfinite(binder), binder, np.nan))


# ---- where something changes sign ----

def sign_change(x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where each row of d [S, X] turns from negative to positive as x [X] ascends: (left, right, place), the two
    neighbours and the zero of the straight line between them. It is the split with the least area of the wrong sign on
    its two sides, whatever noise crosses zero elsewhere; NaN where all of a row has one sign. What is missing in a row speaks for neither."""
    d = np.nan_to_num(d)
    area = np.cumsum(d * np.gradient(x), axis=1) if len(x) > 1 else np.zeros(d.shape)
    split = np.concatenate([np.zeros((len(d), 1)), area], axis=1).argmin(axis=1)
    inner = (split > 0) & (split < len(x))
    j = np.clip(split, 1, max(len(x) - 1, 1)) % len(x)
    i, rows = j - 1, np.arange(len(d))
    rise = d[rows, j] - d[rows, i]
    share = np.where(rise > 0, -d[rows, i] / np.where(rise > 0, rise, 1), 0.5)
    return tuple(np.where(inner, value, np.nan) for value in (x[i], x[j], x[i] + share * (x[j] - x[i])))


def critical_fractions(found: Points) -> dict[float, Interval]:
    """L -> Interval of r_c(L), the fraction at which half of the runs are ordered. Between two fractions that were
    trained the straight line gives the estimate; the bounds do not rely on it and are trained fractions."""
    critical = {}
    for size in found.sizes:
        mine = found.select(found.size == size)
        left, right, place = sign_change(mine.fraction, mine.share - 0.5)
        critical[size] = interval(place, left, right)
    return critical


def peaks(found: Points) -> dict[float, tuple[Interval, ...]]:
    """L -> (fraction, height) of the largest susceptibility, an Interval each."""
    largest = {}
    for size in found.sizes:
        mine = found.select(found.size == size)
        known = np.where(np.isfinite(mine.susceptibility), mine.susceptibility, -np.inf)
        at = known.argmax(axis=1)
        height = known[np.arange(len(at)), at]
        largest[size] = tuple(interval(np.where(np.isfinite(height), value, np.nan)) for value in (mine.fraction[at], height))
    return largest


@dataclasses.dataclass(frozen=True)
class Crossing:
    """Where the Binder cumulants of two sizes cross, that of the larger from below to above."""

    sizes: tuple[float, float]
    fraction: Interval
    binder: Interval


def crossings(found: Points) -> list[Crossing]:
    """Crossings of neighbouring sizes. Between trained fractions the cumulants are straight lines."""
    return [_crossing(found, pair) for pair in zip(found.sizes[:-1], found.sizes[1:])]


def _crossing(found: Points, pair: tuple[float, float]) -> Crossing:
    smaller, larger = (found.select((found.size == size) & np.isfinite(found.binder[0])) for size in pair)
    nothing = Interval(math.nan, math.nan, math.nan)
    if min(len(smaller.fraction), len(larger.fraction)) < 2:
        return Crossing(pair, nothing, nothing)
    low = max(smaller.fraction[0], larger.fraction[0])
    high = min(smaller.fraction[-1], larger.fraction[-1])
    x = np.unique(np.concatenate([smaller.fraction, larger.fraction]))
    x = x[(x >= low) & (x <= high)]
    if len(x) < 2:
        return Crossing(pair, nothing, nothing)
    a, b = (part.binder @ _lines(part.fraction, x) for part in (smaller, larger))
    left, right, place = sign_change(x, b - a)
    rows = np.arange(len(place))
    at = np.clip(np.searchsorted(x, np.nan_to_num(place, nan=x[0])) - 1, 0, len(x) - 2)
    share = (place - x[at]) / (x[at + 1] - x[at])
    height = a[rows, at] + share * (a[rows, at + 1] - a[rows, at])
    return Crossing(pair, interval(place, left, right), interval(height))


def _lines(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """[X, A]: values at x times this are those at `at`, by straight lines."""
    return np.array([np.interp(at, x, row) for row in np.eye(len(x))])


# ---- one function for all sizes ----

@dataclasses.dataclass(frozen=True)
class Scaling:
    """P(ordered) = 1 / (1 + exp(-slope (r - r_c(L)) (L / L0)^(1/nu))), with r_c(L) = r_c (L / L0)^-drift, L0 (`reference`)
    the geometric mean of the sizes; by maximum likelihood.

    critical  r_c; drift is 0 in a fit that has none
    rate      1/nu; nu is infinite where it is 0 or below: the transition does not sharpen with size
    deviance, degrees, p_value  against a curve of its own for every size, by the likelihood ratio
    resolved  sizes with a fraction at which some runs are ordered and some are not: with fewer than two of them the
              widths are those of the lattice, and nu is not known (NaN)"""

    critical: Interval
    rate: Interval
    drift: Interval
    slope: float
    reference: float
    deviance: float
    degrees: int
    p_value: float
    resolved: int

    @property
    def nu(self) -> Interval:
        estimate, lower, upper = (1 / value if value > 0 else math.inf if value <= 0 else math.nan
                                  for value in (self.rate.estimate, self.rate.upper, self.rate.lower))
        return Interval(estimate, lower, upper)

    def scaled(self, size: np.ndarray, fraction: np.ndarray) -> np.ndarray:
        """x = (r - r_c(L)) (L / L0)^(1/nu)."""
        length = size / self.reference
        return (fraction - self.critical.estimate * length**-self.drift.estimate) * length**self.rate.estimate

    def probability(self, size: np.ndarray, fraction: np.ndarray) -> np.ndarray:
        return special.expit(self.slope * self.scaled(size, fraction))


def scaling(found: Points, drift: bool = False) -> Scaling:
    """Scaling of Points of two sizes or more; `drift`: r_c depends on the size, as a power of it."""
    sizes = found.sizes
    if len(sizes) < 2:
        raise command.Refusal("runs of one size only: finite-size scaling takes two or more")
    reference = float(np.exp(np.log(sizes).mean()))
    length = np.log(found.size / reference)
    own = [_own_curve(found.select(found.size == size)) for size in sizes]
    start = _start(np.array([theta for theta, _ in own]), np.log(sizes / reference), drift)
    free = np.array([True, True, True, drift])
    top = max(_steepest(found.fraction[found.size == size]) for size in sizes)
    theta, likelihood = _climb(start, free, found.count, found.ordered, found.fraction, length, top)
    deviance = max(0.0, 2 * (sum(value for _, value in own) - likelihood[0]))
    degrees = max(2 * len(sizes) - int(free.sum()), 0)
    share = found.share[0]
    resolved = len(set(found.size[(share > 0) & (share < 1)].tolist()))
    rate, power = (np.where(np.abs(theta[:, k]) < EXPONENT, theta[:, k], np.copysign(np.inf, theta[:, k])) for k in (2, 3))
    unknown = Interval(math.nan, math.nan, math.nan)
    return Scaling(interval(theta[:, 1]), interval(rate) if resolved > 1 else unknown, interval(power),
                   math.exp(theta[0, 0]), reference, deviance, degrees,
                   float(stats.chi2.sf(deviance, degrees)) if degrees else math.nan, resolved)


def _own_curve(mine: Points) -> tuple[np.ndarray, float]:
    """(log slope, r_c), log-likelihood of one size by itself."""
    critical = sign_change(mine.fraction, mine.share[:1] - 0.5)[2][0]
    middle = critical if math.isfinite(critical) else mine.fraction.mean()
    start = np.array([[math.log(8 / max(np.ptp(mine.fraction), 1e-3)), middle, 0.0, 0.0]])
    free = np.array([True, True, False, False])
    theta, likelihood = _climb(start, free, mine.count[:1], mine.ordered[:1], mine.fraction, np.zeros(len(mine.size)),
                               _steepest(mine.fraction))
    return theta[0, :2], likelihood[0]


def _start(own: np.ndarray, length: np.ndarray, drift: bool) -> np.ndarray:
    """Straight lines through the sizes' own log slopes and critical fractions, over log size."""
    rate, slope = np.polyfit(length, own[:, 0], 1)
    middle = np.clip(own[:, 1], 1e-3, 1)
    power = -np.polyfit(length, np.log(middle), 1)[0] if drift else 0.0
    return np.array([[slope, float(np.exp(np.log(middle).mean())), rate, power]])


def _steepest(fraction: np.ndarray) -> float:
    """Log of the slope at which the curve of a size goes from 0.001 to 0.999 between its two closest fractions: they do
    not tell a steeper one from it."""
    gaps = np.diff(fraction)
    return math.log(2 * special.logit(0.999) / gaps.min()) if len(gaps) else 10.0


def _climb(start: np.ndarray, free: np.ndarray, count: np.ndarray, ordered: np.ndarray, fraction: np.ndarray,
           length: np.ndarray, top: float, rounds: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """(theta [S, 4], log-likelihood [S]) of the most likely (log slope, r_c, 1/nu, drift) for each row of counts [S, P],
    by Levenberg and Marquardt's damped scoring, all rows that are not there yet at once. What is not `free` stays as in
    `start`; log slopes stay at `top` or below, r_c between 0 and 1."""
    low, high = np.array([-10.0, 0.0, -EXPONENT, -EXPONENT]), np.array([top, 1.0, EXPONENT, EXPONENT])
    theta = np.repeat(np.clip(start, low, high), len(count), axis=0)
    value = _likelihood(theta, count, ordered, fraction, length)[0]
    damping, going = np.full(len(theta), 1e-3), np.arange(len(theta))
    for _ in range(rounds):
        here, n, k = theta[going], count[going], ordered[going]
        _, score, information = _likelihood(here, n, k, fraction, length)
        # At a bound only steps away from it are taken.
        active = free & ((here < high) | (score < 0)) & ((here > low) | (score > 0))
        score, information = score * active, information * active[:, :, None] * active[:, None, :]
        diagonal = np.einsum("sii->si", information)
        damped = information + (diagonal * damping[going, None] + ~active + 1e-9)[:, :, None] * np.eye(4)
        step = np.linalg.solve(damped, score[:, :, None])[:, :, 0]
        trial = np.clip(here + step, low, high)
        reached = _likelihood(trial, n, k, fraction, length)[0]
        better = reached >= value[going]
        theta[going[better]], value[going[better]] = trial[better], reached[better]
        damping[going] *= np.where(better, 0.2, 5)
        going = going[((score * step).sum(axis=1) > 1e-9) & (damping[going] < 1e9)]
        if len(going) == 0:
            break
    return theta, value


def _likelihood(theta: np.ndarray, count: np.ndarray, ordered: np.ndarray, fraction: np.ndarray,
                length: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood [S], its gradient [S, 4] and Fisher information [S, 4, 4] in theta."""
    slope, critical, rate, drift = (theta[:, k, None] for k in range(4))
    steep = np.exp(np.clip(slope + rate * length, -50, 50))
    moved = np.exp(np.clip(-drift * length, -50, 50))
    logit = steep * (fraction - critical * moved)
    value = (ordered * special.log_expit(logit) + (count - ordered) * special.log_expit(-logit)).sum(axis=1)
    jacobian = np.stack([logit, -steep * moved, logit * length, steep * critical * moved * length], axis=2)
    p = special.expit(logit)
    score = np.einsum("sp,spk->sk", ordered - count * p, jacobian)
    return value, score, np.swapaxes(jacobian, 1, 2) @ (jacobian * (count * p * (1 - p))[:, :, None])


# ---- collapse ----

@dataclasses.dataclass(frozen=True)
class Collapse:
    """Means of m over the scaled fraction. `quality` is S of Houdayer and Hartmann (2004): the mean square distance of a
    point from the line through its neighbours of the other sizes, in units of its error. About 1 or below where all
    sizes lie on one curve, much larger where they do not; NaN where no size reaches into the range of another."""

    x: np.ndarray
    y: np.ndarray
    error: np.ndarray
    size: np.ndarray
    quality: float


def collapse(found: Points, scaled: Callable[[np.ndarray, np.ndarray], np.ndarray], ordered: bool = False) -> Collapse:
    """Collapse of Points under `scaled`(L, r) -> x, such as Scaling.scaled; of the share of ordered runs where `ordered`
    says so. The error of a mean is no less than 1 / (n + 2), n the runs of a point: that all of few agree does not make
    their mean exact."""
    n = found.count[0]
    y = found.share[0] if ordered else found.mean[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = y * (1 - y) / n if ordered else found.susceptibility[0] / found.inputs / n
    error = np.maximum(np.sqrt(np.nan_to_num(spread)), 1 / (n + 2))
    x = scaled(found.size, found.fraction)
    return Collapse(x, y, error, found.size, _quality(x, y, error, found.size))


def _quality(x: np.ndarray, y: np.ndarray, error: np.ndarray, size: np.ndarray) -> float:
    """S of eq. (5) in J. Houdayer and A. K. Hartmann, Phys. Rev. B 70, 014418 (2004)."""
    terms = []
    for k in range(len(x)):
        near = [i for other in np.unique(size) if other != size[k] for i in _enclosing(x, np.flatnonzero(size == other), x[k])]
        if not near:
            continue
        weight = 1 / error[near] ** 2
        one, a, b = weight.sum(), (weight * x[near]).sum(), (weight * y[near]).sum()
        aa, ab = (weight * x[near] ** 2).sum(), (weight * x[near] * y[near]).sum()
        determinant = one * aa - a * a
        if determinant <= 1e-12 * one * aa:
            continue
        line = (aa * b - a * ab + x[k] * (one * ab - a * b)) / determinant
        variance = (aa - 2 * x[k] * a + x[k] ** 2 * one) / determinant
        terms.append((y[k] - line) ** 2 / (error[k] ** 2 + variance))
    return float(np.mean(terms)) if terms else math.nan


def _enclosing(x: np.ndarray, rows: np.ndarray, at: float) -> list[int]:
    """The two neighbours of `at` among x[rows], which ascend; none outside."""
    after = int(np.searchsorted(x[rows], at))
    return rows[after - 1:after + 1].tolist() if 0 < after < len(rows) else []
