"""t_gen ~ (r - r_c)^-gamma: how the time to generalization grows as the share r of the table in the train set falls
towards a fraction r_c at which it would be infinite.

The model is log t = log A - gamma log(r - r_c) + sigma e with e normal, for r > r_c; at r_c and below a run never
generalizes. A run that was seen to have generalized at one evaluation and not at the one before says that t lies between
the two; one that had not at its end says that t is longer. Sizes may share gamma and sigma; A and r_c are their own. All
of it is maximum likelihood, with intervals from the profile likelihood: the values at which twice the loss of
log-likelihood, everything else fitted anew, stays below the quantile of chi-square on one degree."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy import optimize, special, stats

from . import command, finite_size, statistics
from .results import Results
from .statistics import Interval

POINTS = 3  # fractions with a run that generalized that a size must have: it has two parameters of its own
GAMMA = (0.0, 30.0)
SIGMA = (1e-3, 30.0)
CLOSEST = 1e-6  # of r_c to the smallest fraction with a run that generalized


@dataclasses.dataclass(frozen=True)
class Times:
    """One entry a run: size L, fraction r, and the steps between which it generalized; `upper` is infinite where it had
    not at its last evaluation, `lower`."""

    size: np.ndarray
    fraction: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def observed(self) -> np.ndarray:
        return np.isfinite(self.upper)

    def select(self, mask: np.ndarray) -> Times:
        return Times(**{field.name: getattr(self, field.name)[mask] for field in dataclasses.fields(self)})


def by_setting(results: Results, size: str = "task.p", onset: str = "t_gen", all: bool = False) -> dict[str, Times]:
    """setting -> Times of the runs that ended (statistics.onset_times), in the settings of finite_size.by_setting."""
    found = {}
    for name, (part, sizes, fraction) in finite_size.by_setting(results, size, all).items():
        runs, time, observed = statistics.onset_times(part, onset, all)
        rows = part.runs.index.get_indexer(runs)
        steps = part.read_curves(["step"])["step"].values[rows]
        before = np.where((steps >= 0) & (steps < time[:, None]), steps, 0).max(axis=1)
        found[name] = Times(sizes[rows], fraction[rows], np.where(observed, before, time), np.where(observed, time, np.inf))
    return found


@dataclasses.dataclass(frozen=True)
class Divergence:
    """A fit over one size or several.

    critical, amplitude  L -> r_c with its interval, L -> A
    gamma, sigma     exponent with its interval, spread of log t about the law
    runs, reached    of the sizes that were fitted; `left_out` are sizes with too few fractions at which runs generalized
    law, law_degrees, law_p        deviance from a median of its own at every fraction: small p-values refute the law
    common, common_degrees, common_p  deviance from a gamma and a sigma of its own for every size"""

    critical: dict[float, Interval]
    amplitude: dict[float, float]
    gamma: Interval
    sigma: float
    runs: int
    reached: int
    left_out: tuple[float, ...]
    log_likelihood: float
    law: float
    law_degrees: int
    law_p: float
    common: float
    common_degrees: int
    common_p: float

    def median(self, size: float, fraction: float | np.ndarray) -> np.ndarray:
        """Median time at fractions r; infinite at r_c and below."""
        distance = np.asarray(fraction, dtype=float) - self.critical[size].estimate
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(distance > 0, self.amplitude[size] * distance ** -self.gamma.estimate, np.inf)


def fit(times: Times, confidence: float = statistics.CONFIDENCE) -> Divergence:
    """Divergence of Times."""
    sizes = np.unique(times.size)
    points = {size: len(np.unique(times.fraction[(times.size == size) & times.observed])) for size in sizes}
    fitted = [size for size in sizes if points[size] >= POINTS]
    if not fitted:
        raise command.Refusal("no size has runs that generalized at %d fractions or more" % POINTS)
    mine = times.select(np.isin(times.size, fitted))
    law = _Law(mine)
    best = law.best()
    alone = [best[1]] if len(fitted) == 1 else [_Law(mine.select(mine.size == size)).best()[1] for size in fitted]
    common = max(0.0, 2 * (sum(alone) - best[1]))
    free, degrees = _free_medians(mine)
    degrees += law.unseen(best[0]) - len(best[0])
    deviance = max(0.0, 2 * (free - best[1]))
    critical = {size: law.profile(best, g, confidence) for g, size in enumerate(fitted)}
    return Divergence(critical, dict(zip(fitted, law.amplitudes(best[0]))), law.profile(best, law.gamma, confidence),
                      float(np.exp(best[0][law.sigma])), len(mine.size), int(mine.observed.sum()),
                      tuple(size for size in sizes if size not in fitted), best[1], deviance, degrees, _tail(deviance, degrees), common, 2 * (len(fitted) - 1),
                      _tail(common, 2 * (len(fitted) - 1)))


def _tail(deviance: float, degrees: int) -> float:
    return float(stats.chi2.sf(deviance, degrees)) if degrees > 0 else math.nan


# ---- likelihood ----

def _log_between(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log(Phi(b) - Phi(a)) for a < b, and its derivatives in a and b. a may be -inf, b inf."""
    flip = a + np.where(np.isinf(b), np.abs(a) + 1, b) > 0  # the side on which the tails are small
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    top, bottom = special.log_ndtr(high), special.log_ndtr(low)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = top + np.log(-np.expm1(bottom - top))
        density = [np.where(np.isinf(z), 0.0, np.exp(-z * z / 2 - 0.5 * math.log(2 * math.pi) - value)) for z in (a, b)]
    return value, -density[0], density[1]


def _normal(lower: np.ndarray, upper: np.ndarray, middle: np.ndarray,
            sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood of log times between `lower` and `upper` under a normal law, one a run, and its derivatives in the
    run's middle and in log sigma."""
    a, b = (lower - middle) / sigma, (upper - middle) / sigma
    value, by_a, by_b = _log_between(a, b)
    finite_a, finite_b = (np.where(np.isinf(z), 0.0, z) for z in (a, b))
    return value, -(by_a + by_b) / sigma, -(by_a * finite_a + by_b * finite_b)


class _Law:
    """The likelihood of Times in theta = (log(r_min - r_c) of each size, log of each size's median time at r - r_c =
    unit, log sigma, gamma). r_min is the smallest fraction at which a run of that size generalized: r_c lies below. The
    unit, a distance in the middle of the data, keeps the parameters from going together."""

    def __init__(self, times: Times) -> None:
        self.sizes, self.group = np.unique(times.size, return_inverse=True)
        self.groups = len(self.sizes)
        self.sigma, self.gamma = 2 * self.groups, 2 * self.groups + 1
        self.fraction = times.fraction
        with np.errstate(divide="ignore"):
            self.lower, self.upper = np.log(times.lower), np.log(times.upper)
        self.observed = times.observed
        self.least = np.array([times.fraction[(self.group == g) & times.observed].min() for g in range(self.groups)])
        middle = np.array([np.median(times.fraction[(self.group == g) & times.observed]) for g in range(self.groups)])
        self.unit = middle - 0.8 * self.least
        self.bounds = ([(math.log(CLOSEST), math.log(least)) for least in self.least] + [(-30.0, 60.0)] * self.groups
                       + [(math.log(SIGMA[0]), math.log(SIGMA[1])), GAMMA])

    def value(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and its gradient."""
        gap, level = np.exp(theta[:self.groups])[self.group], theta[self.groups:2 * self.groups][self.group]
        sigma, gamma = math.exp(theta[self.sigma]), theta[self.gamma]
        distance = (self.fraction - self.least[self.group] + gap) / self.unit[self.group]
        at_risk = distance > 0
        distance = np.where(at_risk, distance, 1.0)
        middle = level - gamma * np.log(distance)
        found = _normal(self.lower, self.upper, middle, sigma)
        value, by_middle, by_sigma = (np.where(at_risk, x, 0.0) for x in found)
        gradient = np.concatenate([np.bincount(self.group, -gamma * by_middle * gap / distance / self.unit[self.group],
                                               self.groups),
                                   np.bincount(self.group, by_middle, self.groups),
                                   [by_sigma.sum(), -(by_middle * np.log(distance)).sum()]])
        return value.sum(), gradient

    def _maximize(self, start: np.ndarray, fixed: int | None = None) -> tuple[np.ndarray, float]:
        """(theta, log-likelihood) from a start; the entry `fixed` stays as it is."""
        bounds = list(self.bounds)
        if fixed is not None:
            bounds[fixed] = (start[fixed], start[fixed])
        inside = np.clip(start, *np.array(bounds).T)

        def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = self.value(theta)
            return -value, -gradient

        found = optimize.minimize(loss, inside, jac=True, method="L-BFGS-B", bounds=bounds,
                                  options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-6})
        return found.x, -found.fun

    def best(self) -> tuple[np.ndarray, float]:
        """From three distances of r_c below the smallest fraction, a straight line through what was seen each."""
        found = []
        for share in (0.03, 0.2, 0.6):
            gap = share * self.least
            seen = np.flatnonzero(self.observed)
            group = self.group[seen]
            x = -np.log((self.fraction[seen] - self.least[group] + gap[group]) / self.unit[group])
            y = np.where(np.isfinite(self.lower[seen]), (self.lower[seen] + self.upper[seen]) / 2, self.upper[seen])
            columns = np.column_stack([group == g for g in range(self.groups)] + [x]).astype(float)
            line = np.linalg.lstsq(columns, y, rcond=None)[0]
            spread = max(float(np.std(y - columns @ line)), 0.05)
            found.append(self._maximize(np.concatenate([np.log(gap), line[:-1], [math.log(spread), line[-1]]])))
        return max(found, key=lambda pair: pair[1])

    def amplitudes(self, theta: np.ndarray) -> np.ndarray:
        """A of each size."""
        return np.exp(theta[self.groups:2 * self.groups]) * self.unit ** theta[self.gamma]

    def unseen(self, theta: np.ndarray) -> int:
        """How many fractions above r_c have no run that generalized."""
        above = self.fraction > (self.least - np.exp(theta[:self.groups]))[self.group]
        return sum(len(set(self.fraction[mine & above]) - set(self.fraction[mine & self.observed]))
                   for mine in (self.group == g for g in range(self.groups)))

    def profile(self, best: tuple[np.ndarray, float], which: int, confidence: float) -> Interval:
        """Interval of r_c of a size (which < groups) or of gamma: -inf or inf, for r_c 0, where nothing bounds it."""
        theta, top = best
        allowed = stats.chi2.ppf(confidence, 1)
        ends = [self._end(theta, top, which, direction, allowed) for direction in (-1, 1)]
        if which == self.gamma:
            return Interval(float(theta[which]), ends[0] if ends[0] > GAMMA[0] else -math.inf,
                                       ends[1] if ends[1] < GAMMA[1] else math.inf)
        least = self.least[which]
        return Interval(*(float(max(0.0, least - math.exp(end))) for end in (theta[which], ends[1], ends[0])))

    def _end(self, theta: np.ndarray, top: float, which: int, direction: int, allowed: float) -> float:
        """Where the profile likelihood has lost `allowed` / 2, from the estimate in one direction; the bound of the
        parameter where it never does."""
        limit = self.bounds[which][(direction + 1) // 2]
        inner, step, at, excess = theta[which], 0.1, theta, {theta[which]: -allowed}
        while True:
            outer = inner + direction * step
            outer = min(outer, limit) if direction > 0 else max(outer, limit)
            at, lost = self._lost(at, top, which, outer)
            excess[outer] = lost - allowed
            if lost >= allowed:
                break
            if outer == limit:
                return limit
            inner, step = outer, 2 * step
        # What was found at the two ends counts: from another start the last digits may differ.
        return optimize.brentq(lambda value: excess.get(value) or self._lost(at, top, which, value)[1] - allowed,
                               inner, outer, xtol=1e-4)

    def _lost(self, start: np.ndarray, top: float, which: int, value: float) -> tuple[np.ndarray, float]:
        begin = start.copy()
        begin[which] = value
        theta, likelihood = self._maximize(begin, which)
        return theta, 2 * (top - likelihood)


def _free_medians(times: Times) -> tuple[float, int]:
    """Log-likelihood when every fraction of every size has a median of its own and all have one sigma; and the number of
    its parameters without those of fractions at which no run generalized: there the median is beyond all, and adds
    nothing."""
    place = np.unique(np.stack([times.size, times.fraction], axis=1), axis=0, return_inverse=True)[1].ravel()
    seen = np.isin(place, place[times.observed])
    place = np.unique(place[seen], return_inverse=True)[1]
    with np.errstate(divide="ignore"):
        lower, upper = np.log(times.lower[seen]), np.log(times.upper[seen])
    count = place.max() + 1

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, by_middle, by_sigma = _normal(lower, upper, theta[:-1][place], math.exp(theta[-1]))
        return -value.sum(), -np.append(np.bincount(place, by_middle, count), by_sigma.sum())

    known = np.isfinite(upper)
    start = np.bincount(place[known], upper[known], count) / np.bincount(place[known], minlength=count)
    found = optimize.minimize(loss, np.append(start, math.log(0.3)), jac=True, method="L-BFGS-B",
                              bounds=[(-30.0, 60.0)] * count + [(math.log(SIGMA[0]), math.log(SIGMA[1]))],
                              options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-6})
    return -found.fun, count + 1
