"""Finite-size scaling: data made with given critical fractions and exponents give them back within their intervals."""

import math
import unittest

import numpy as np
import synthetic
from symsweep import command, finite_size, statistics

SIZES, FRACTIONS = (23, 31, 41, 53), np.linspace(0.2, 0.6, 13)


def held(interval, value):
    return interval.lower <= value <= interval.upper


class Runs(unittest.TestCase):
    """From results to order parameters."""

    def run_of(self, **keys):
        return {"p": 10, "train_inputs": 40, "test_inputs": 60, "unmirrored_inputs": 30, "seed": 0, "budget": 300,
                "at": [0, 100, 200, 300], "accuracy": [0.0, 0.5, 0.6, 0.8], **keys}

    def order(self, step=None, **keys):
        (found,) = finite_size.ensembles(synthetic.Made([self.run_of(**keys)]), step).values()
        return found.order.tolist()

    def test_what_mirrors_explain_is_nothing(self):
        np.testing.assert_allclose(self.order(), [(0.8 - 0.5) / 0.5])
        np.testing.assert_allclose(self.order(step=100), [0.0])
        np.testing.assert_allclose(self.order(step=250), [0.2])
        np.testing.assert_allclose(self.order(unmirrored_inputs=None), [0.8])  # a task without mirrors
        self.assertEqual(self.order(unmirrored_inputs=0), [])

    def test_runs_that_end_by_themselves_keep_their_last_value(self):
        short = {"at": [0, 100], "accuracy": [0.0, 1.0]}
        self.assertEqual(self.order(**short), [])
        self.assertEqual(self.order(step=100, **short), [1.0])
        self.assertEqual(self.order(stopped_early=True, **short), [1.0])
        self.assertEqual(self.order(status="pruned", t_gen=100, **short), [1.0])
        self.assertEqual(self.order(status="pruned", **short), [])
        self.assertEqual(self.order(status="diverged", at=[0, 100, 200], accuracy=[0.0, 0.5, math.nan]), [0.0])

    def test_settings_and_rows_that_count(self):
        runs = [self.run_of(p=p, seed=seed, config={"width": width}) for p in (10, 20) for seed in (0, 1) for width in (1, 2)]
        results = synthetic.Made(runs)
        found = finite_size.ensembles(results)
        self.assertEqual(list(found), ["width 1", "width 2"])
        self.assertEqual([len(ensemble.order) for ensemble in found.values()], [4, 4])
        self.assertEqual(found["width 1"].fraction.tolist(), [0.4] * 4)
        self.assertEqual(found["width 1"].inputs.tolist(), [100] * 4)
        part = finite_size.ensembles(results.with_rows(planned=[True] * 6 + [False] * 2))
        self.assertEqual([len(ensemble.order) for ensemble in part.values()], [3, 3])
        with self.assertRaisesRegex(command.Refusal, "task.n"):
            finite_size.ensembles(results, size="task.n")


class Moments(unittest.TestCase):
    def test_each_point_by_itself(self):
        """Moments point by point with NumPy; each resample is the runs of the seeds that were drawn."""
        random = np.random.default_rng(1)
        runs = synthetic.ensemble(random, lambda g, size, r, seeds: g.normal(r, 0.4, seeds), (5, 9), (0.3, 0.5, 0.6), 7)
        found = finite_size.points(runs, samples=20)
        drawn = statistics.resample(7, 20)
        self.assertEqual(found.binder.shape, (21, 6))
        for point in range(6):
            at = (runs.size == found.size[point]) & (runs.fraction == found.fraction[point])
            mine = runs.order[at]
            for row, m in enumerate([mine, *(mine[seeds] for seeds in drawn)]):
                self.assertAlmostEqual(found.mean[row, point], m.mean())
                self.assertAlmostEqual(found.susceptibility[row, point], found.size[point] ** 2 * m.var(ddof=1))
                self.assertAlmostEqual(found.binder[row, point], 1 - (m**4).mean() / (3 * (m**2).mean() ** 2))
                self.assertEqual(found.ordered[row, point], (m >= 0.5).sum())

    def test_cumulants_that_are_known(self):
        """A Gaussian about 0, one value for all, and few of the runs ordered."""
        random = np.random.default_rng(2)
        for draw, expected in ((lambda n: random.normal(0, 1, n), 0), (lambda n: np.ones(n), 2 / 3),
                               (lambda n: (np.arange(n) < n // 10).astype(float), 1 - 10 / 3)):
            runs = synthetic.ensemble(random, lambda g, size, r, seeds: draw(seeds), (5,), (0.5,), 20000)
            self.assertAlmostEqual(finite_size.points(runs, 1).binder[0, 0], expected, delta=0.02)

    def test_the_susceptibility_peaks_where_half_are_ordered(self):
        runs = synthetic.ensemble(np.random.default_rng(3), synthetic.logistic(0.4, 1.0), (30,), FRACTIONS, 300)
        place, height = finite_size.peaks(finite_size.points(runs, 200))[30]
        self.assertTrue(held(place, FRACTIONS[6]))
        self.assertAlmostEqual(height.estimate, 900 / 4, delta=10)


class SignChange(unittest.TestCase):
    def test_against_every_split(self):
        random = np.random.default_rng(4)
        x = np.sort(random.random(9))
        d = random.normal(size=(300, 9)) + 2 * np.sign(x - 0.5)
        left, right, place = finite_size.sign_change(x, d)
        width = np.gradient(x)
        for row in range(300):
            cost = [-(d[row] * width)[k:].sum() + (d[row] * width)[:k].sum() for k in range(10)]
            k = int(np.argmin(cost))
            if k in (0, 9):
                self.assertTrue(math.isnan(place[row]))
                continue
            self.assertEqual((left[row], right[row]), (x[k - 1], x[k]))
            self.assertAlmostEqual(place[row], np.interp(0, d[row, k - 1:k + 1], x[k - 1:k + 1]))

    def test_one_sign_is_no_change(self):
        for d in ([1, 2, 3], [-1, -2, -3], [3, 1, -2]):
            self.assertTrue(math.isnan(finite_size.sign_change(np.arange(3.0), np.array([d], dtype=float))[2][0]))


class Logistic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Twenty sweeps with r_c = 0.4 and nu = 1.25."""
        cls.found = []
        for seed in range(20):
            runs = synthetic.ensemble(np.random.default_rng(100 + seed), synthetic.logistic(0.4, 1.25), SIZES, FRACTIONS, 20)
            found = finite_size.points(runs, 200)
            cls.found.append((found, finite_size.scaling(found)))

    def test_what_was_put_in_comes_back(self):
        """Intervals from 20 seeds that are to hold the truth 19 times of 20 do so 18 times of 20 or so."""
        fits = [fit for _, fit in self.found]
        self.assertGreaterEqual(sum(held(fit.critical, 0.4) for fit in fits), 16)
        self.assertGreaterEqual(sum(held(fit.nu, 1.25) for fit in fits), 16)
        self.assertAlmostEqual(np.median([fit.critical.estimate for fit in fits]), 0.4, delta=0.005)
        self.assertAlmostEqual(np.median([fit.rate.estimate for fit in fits]), 0.8, delta=0.2)
        self.assertLess(np.median([fit.critical.upper - fit.critical.lower for fit in fits]), 0.03)
        self.assertLessEqual(sum(held(fit.critical, 0.43) for fit in fits), 2)
        self.assertLessEqual(sum(held(fit.nu, 0.5) for fit in fits), 5)
        self.assertEqual({fit.resolved for fit in fits}, {4})

    def test_sizes_alone(self):
        intervals = [i for found, _ in self.found for i in finite_size.critical_fractions(found).values()]
        self.assertGreaterEqual(sum(held(i, 0.4) for i in intervals), 76)  # of 80: bounds are fractions of the lattice
        self.assertLess(np.median([i.upper - i.lower for i in intervals]), 0.12)

    def test_one_critical_fraction_is_not_refuted(self):
        self.assertLessEqual(sum(fit.p_value < 0.05 for _, fit in self.found), 4)

    def test_a_critical_fraction_that_drifts(self):
        reference = float(np.exp(np.log(SIZES).mean()))
        draw = synthetic.logistic(0.4, 1.25, drift=0.5, reference=reference)
        drift, critical, refuted, accepted = 0, 0, 0, 0
        for seed in range(12):
            found = finite_size.points(synthetic.ensemble(np.random.default_rng(200 + seed), draw, SIZES, FRACTIONS, 20), 200)
            fit = finite_size.scaling(found, drift=True)
            drift += held(fit.drift, 0.5)
            critical += held(fit.critical, 0.4)
            refuted += finite_size.scaling(found).p_value < 0.01
            accepted += fit.p_value > 0.01
        self.assertGreaterEqual(min(drift, critical), 9)
        self.assertEqual((refuted, accepted), (12, 12))

    def test_steps_sharper_than_the_lattice(self):
        """All below and none above: r_c lies between two fractions, and of nu nothing is known."""
        runs = synthetic.ensemble(None, lambda g, size, r, seeds: np.full(seeds, r > 0.41, dtype=float), SIZES, FRACTIONS, 20)
        found = finite_size.points(runs, 50)
        fit = finite_size.scaling(found)
        self.assertEqual(fit.resolved, 0)
        self.assertTrue(math.isnan(fit.nu.estimate))
        for i in finite_size.critical_fractions(found).values():
            np.testing.assert_allclose((i.lower, i.upper), (FRACTIONS[6], FRACTIONS[7]))
        with self.assertRaisesRegex(command.Refusal, "one size"):
            finite_size.scaling(found.select(found.size == 23))


class Binder(unittest.TestCase):
    def test_the_mean_field_crossing(self):
        """Cumulants of sizes 16 and 64 cross at r_c and at the value of the quartic well."""
        place = value = 0
        for seed in range(5):
            runs = synthetic.ensemble(np.random.default_rng(300 + seed), synthetic.mean_field(0.4, 1.0), (16, 64), np.linspace(0.33, 0.47, 8), 1600)
            (crossing,) = finite_size.crossings(finite_size.points(runs, 100))
            place += held(crossing.fraction, 0.4)
            value += held(crossing.binder, synthetic.MEAN_FIELD)
            self.assertAlmostEqual(crossing.fraction.estimate, 0.4, delta=0.03)
            self.assertTrue(math.isfinite(crossing.fraction.upper - crossing.fraction.lower))
        self.assertGreaterEqual(min(place, value), 4)

    def test_runs_that_have_or_have_not(self):
        """m is 1 or nearly 0: cumulants cross where half of the runs are ordered, at 1/3."""
        share = synthetic.logistic(0.4, 1.0)
        runs = synthetic.ensemble(np.random.default_rng(7), lambda g, *point: share(g, *point) + 0.05 * g.normal(size=point[2]),
                                  (16, 64), FRACTIONS, 200)
        (crossing,) = finite_size.crossings(finite_size.points(runs, 100))
        self.assertTrue(held(crossing.fraction, 0.4))
        self.assertTrue(held(crossing.binder, 1 / 3))

    def test_sizes_that_do_not_overlap(self):
        runs = synthetic.ensemble(np.random.default_rng(8), synthetic.mean_field(0.4, 1.0), (16,), (0.3, 0.4), 20)
        more = synthetic.ensemble(np.random.default_rng(8), synthetic.mean_field(0.4, 1.0), (64,), (0.5, 0.6), 20)
        both = finite_size.Ensemble(*(np.concatenate([getattr(runs, name), getattr(more, name)])
                                      for name in ("size", "inputs", "fraction", "seed", "order")))
        (crossing,) = finite_size.crossings(finite_size.points(both, 20))
        self.assertTrue(math.isnan(crossing.fraction.estimate))


class Collapse(unittest.TestCase):
    def test_the_right_exponents_and_wrong_ones(self):
        """A curve that is no logistic: quality about 1 where it should be, and worse anywhere else."""
        def draw(random, size, r, seeds):
            return 0.5 + np.arctan(3 * (r - 0.4) * size ** (1 / 1.5)) / math.pi + 0.1 * random.normal(size=seeds)

        found = finite_size.points(synthetic.ensemble(np.random.default_rng(9), draw, (20, 60, 180), np.linspace(0.2, 0.6, 21), 20), 1)

        def quality(critical, nu):
            return finite_size.collapse(found, lambda size, r: (r - critical) * size ** (1 / nu)).quality

        right = quality(0.4, 1.5)
        self.assertLess(right, 1.5)
        for critical, nu in ((0.35, 1.5), (0.45, 1.5), (0.4, 0.8), (0.4, 4.0)):
            self.assertGreater(quality(critical, nu), 2 * right + 0.5, (critical, nu))

    def test_two_lines_by_hand(self):
        """Points of one size half way between neighbours of the other: error 0.1 each, the line's variance 0.005."""
        x, y = np.array([0.0, 1.0, 2.0, 0.5, 1.5]), np.array([0.0, 1.0, 2.0, 0.7, 1.5])
        quality = finite_size._quality(x, y, np.full(5, 0.1), np.array([1, 1, 1, 2, 2]))
        # 0.5: off by 0.2; 1.5: on the line; 1.0: the other two give 1.1, off by 0.1
        self.assertAlmostEqual(quality, (0.04 + 0 + 0.01) / 0.015 / 3)


if __name__ == "__main__":
    unittest.main()
