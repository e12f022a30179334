"""The law of the time to generalization: known exponents come back within their profile intervals; an independent
likelihood agrees."""

import math
import unittest

import numpy as np
import synthetic
from scipy import optimize, stats
from symsweep import command, divergence

CRITICAL = {23: 0.55, 41: 0.35}


def held(interval, value):
    return interval.lower <= value <= interval.upper


def log_likelihood(times, gamma, critical, log_amplitude, log_sigma):
    """Written a second time, of one size: log-normal distribution functions of SciPy."""
    above = times.fraction > critical
    if (~above & times.observed).any():
        return -math.inf
    median = math.exp(log_amplitude) * (times.fraction[above] - critical) ** -gamma
    law = stats.lognorm(math.exp(log_sigma), scale=median)
    share = np.where(times.observed[above], law.cdf(times.upper[above]) - law.cdf(times.lower[above]), law.sf(times.lower[above]))
    with np.errstate(divide="ignore"):
        return np.log(share).sum()


class Likelihood(unittest.TestCase):
    def test_gradient(self):
        times = synthetic.times(np.random.default_rng(1), 1.5, CRITICAL)
        law = divergence._Law(times)
        theta = law.best()[0] + np.random.default_rng(2).normal(0, 0.05, 2 * 2 + 2)
        numeric = [(law.value(theta + h)[0] - law.value(theta - h)[0]) / 2e-5 for h in 1e-5 * np.eye(6)]
        np.testing.assert_allclose(law.value(theta)[1], numeric, rtol=1e-5, atol=1e-4)

    def test_value(self):
        times = synthetic.times(np.random.default_rng(3), 1.5, {23: 0.55})
        law = divergence._Law(times)
        theta, value = law.best()
        critical = law.least[0] - math.exp(theta[0])
        self.assertAlmostEqual(value, log_likelihood(times, theta[3], critical, math.log(law.amplitudes(theta)[0]), theta[2]), places=6)

    def test_log_between_in_the_tails(self):
        a = np.array([-np.inf, -3.0, -40.0, 38.0, 2.0, 1.0])
        b = np.array([0.0, -2.0, -39.0, 40.0, np.inf, 1.0 + 1e-9])
        value, by_a, by_b = divergence._log_between(a, b)
        np.testing.assert_allclose(value[[0, 1, 4]], np.log([0.5, stats.norm.cdf(-2) - stats.norm.cdf(-3), stats.norm.sf(2)]), rtol=1e-12)
        np.testing.assert_allclose(value[2], stats.norm.logcdf(-39.0), rtol=1e-12)
        np.testing.assert_allclose(value[3], stats.norm.logsf(38.0), rtol=1e-12)
        self.assertAlmostEqual(value[5], math.log(1e-9 * stats.norm.pdf(1)), places=5)
        self.assertEqual((by_a[0], by_b[4]), (0, 0))

    def test_profile_against_another_optimizer(self):
        """At the ends of the interval of gamma the best of all other parameters has lost half of 3.84."""
        times = synthetic.times(np.random.default_rng(4), 1.5, {23: 0.55}, seeds=6)
        fit = divergence.fit(times)
        start = [fit.critical[23].estimate, math.log(fit.amplitude[23]), math.log(fit.sigma)]

        def lost(gamma):
            found = optimize.minimize(lambda x: -log_likelihood(times, gamma, x[0], x[1], x[2]), start, method="Nelder-Mead",
                                      options={"xatol": 1e-4, "fatol": 1e-4, "maxiter": 400})
            return 2 * (fit.log_likelihood + found.fun)

        for end in (fit.gamma.lower, fit.gamma.upper):
            self.assertAlmostEqual(lost(end), stats.chi2.ppf(0.95, 1), delta=0.05)


class Recovered(unittest.TestCase):
    def test_what_was_put_in_comes_back(self):
        """Twenty sweeps of one size, ten seeds a fraction, a third of the runs censored."""
        gamma = critical = refuted = wrong = 0
        for seed in range(20):
            times = synthetic.times(np.random.default_rng(100 + seed), 1.5, {23: 0.55})
            self.assertGreater((~times.observed).mean(), 0.3)
            fit = divergence.fit(times)
            gamma += held(fit.gamma, 1.5)
            critical += held(fit.critical[23], 0.55)
            refuted += fit.law_p < 0.05
            wrong += held(fit.critical[23], 0.3) or held(fit.gamma, 4.0)
        self.assertGreaterEqual(min(gamma, critical), 17)
        self.assertLessEqual(refuted, 4)
        self.assertLessEqual(wrong, 3)

    def test_several_sizes_share_an_exponent(self):
        gamma, widths, estimates = 0, [], []
        for seed in range(5):
            fit = divergence.fit(synthetic.times(np.random.default_rng(200 + seed), 1.5, CRITICAL))
            gamma += held(fit.gamma, 1.5) and all(held(fit.critical[size], r_c) for size, r_c in CRITICAL.items())
            widths.append(fit.gamma.upper - fit.gamma.lower)
            estimates.append(fit.gamma.estimate)
            self.assertGreater(fit.common_p, 1e-3)
        self.assertGreaterEqual(gamma, 4)
        self.assertLess(np.median(widths), 1.0)
        self.assertAlmostEqual(np.median(estimates), 1.5, delta=0.15)

    def test_sizes_that_do_not_share_it(self):
        fit = divergence.fit(synthetic.times(np.random.default_rng(5), {23: 0.5, 41: 2.5}, CRITICAL, seeds=20))
        self.assertLess(fit.common_p, 1e-3)

    def test_a_law_that_does_not_hold(self):
        """Times that grow again at large fractions."""
        times = synthetic.times(np.random.default_rng(6), 1.5, {23: 0.55}, steps=10**6)
        late = np.where(times.fraction > 0.75, 10.0, 1.0)
        self.assertLess(divergence.fit(divergence.Times(times.size, times.fraction, times.lower * late, times.upper * late)).law_p, 1e-3)

    def test_censored_runs_count(self):
        """Without them slow fractions look fast, r_c moves down and the exponent up."""
        whole, seen = [], []
        for seed in range(5):
            times = synthetic.times(np.random.default_rng(300 + seed), 1.5, {23: 0.55}, steps=1500, seeds=20)
            whole.append(divergence.fit(times).gamma)
            seen.append(divergence.fit(times.select(times.observed)).gamma)
        self.assertTrue(all(held(gamma, 1.5) for gamma in whole))
        self.assertGreater(np.median([gamma.estimate for gamma in seen]), 2 * 1.5)
        self.assertLess(np.median([gamma.estimate for gamma in whole]), 1.25 * 1.5)

    def test_too_few_fractions(self):
        times = synthetic.times(np.random.default_rng(7), 1.5, CRITICAL)
        few = (times.size == 23) & (times.fraction > 0.85)
        fit = divergence.fit(times.select(few | (times.size == 41)))
        self.assertEqual((fit.left_out, list(fit.critical)), ((23,), [41]))
        with self.assertRaisesRegex(command.Refusal, "3 fractions"):
            divergence.fit(times.select(few))


class Runs(unittest.TestCase):
    def test_between_two_evaluations(self):
        made = [{"p": 10, "train_inputs": 40 + k, "test_inputs": 60 - k, "unmirrored_inputs": 30, "seed": 0, "budget": 300,
                 "at": [0, 100, 250, 300], "accuracy": [0, 0, 1, 1], "t_gen": t} for k, t in enumerate((250, None, 100))]
        made.append({**made[1], "at": [0, 100], "accuracy": [0, 0], "status": "diverged", "seed": 1})
        made.append({**made[1], "status": "failed", "seed": 2})
        (times,) = divergence.by_setting(synthetic.Made(made)).values()
        self.assertEqual(times.lower.tolist(), [100, 300, 0, 300])
        self.assertEqual(times.upper.tolist(), [250, math.inf, 100, math.inf])
        self.assertEqual(times.fraction.tolist(), [0.4, 0.41, 0.42, 0.41])


if __name__ == "__main__":
    unittest.main()
