"""Replays of 20 steps over a covering array of the settings that papers differ in: any two values meet in a run.

A key or a value is added to the table of its models; a value that is a dictionary stands for several keys at once."""

import shutil
import tempfile
import unittest

import covering
import replay
from families import facts

BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 7},
    "train_fraction": 0.6,
    "model": {"layers": 1, "d_model": 12, "heads": 2, "d_mlp": 20, "d_hidden": 24},
    "optimizer": {"warmup_steps": 4},
    "steps": 20,
    "seed": 1,
    "evaluate": {"every": 10, "tuples": 20000, "snapshots": 0},
    "stop": {"test_accuracy": 0},
    "save": {"parameters": True, "split": True},
}
OPTIMIZERS = {
    "sgd": {"optimizer.kind": "sgd", "optimizer.learning_rate": 0.1, "optimizer.weight_decay": 0.1},
    "adam": {"optimizer.kind": "adam", "optimizer.weight_decay": 0.01},
}
SHARED = {
    "model.activation": facts.ACTIVATIONS,
    "model.bias": [True, False],
    "model.init_scale": [1, 0.5],
    "model.layers": [1, 2],
    "loss.kind": facts.LOSSES,
    "optimizer": [OPTIMIZERS.get(kind, {"optimizer.kind": kind}) for kind in facts.OPTIMIZERS],
    "optimizer.decay": ["all", "matrices"],
    "schedule": [{"optimizer.schedule": "constant"}, {"optimizer.schedule": "cosine", "optimizer.final_share": 0.2},
                 {"optimizer.schedule": "linear"}, {"optimizer.schedule": "linear", "optimizer.final_share": 0.1}],
    "optimizer.batch_size": ["full", 12],
    "terms": [{}, {"symmetry.commutativity.weight": 0.5, "symmetry.associativity.weight": 0.5,
                   "symmetry.associativity.tuples_per_step": 40},
              {"geometry.nuclear.weight": 0.01, "geometry.lipschitz.weight": 0.01,
               "geometry.lipschitz.pairs_per_step": 30, "geometry.lipschitz.bound": 0.1}],
}
TABLES = {
    "transformer": {**SHARED, "model.readout_token": [True, False]},
    "mlp": {**SHARED, "model.input": ["embedding", "one_hot"], "model.combine": ["concat", "sum"]},
}


def cells():
    """label -> keys"""
    out = {}
    for kind, table in TABLES.items():
        for number, cell in enumerate(covering.pairwise(table)):
            keys = {"model.kind": kind}
            for key, value in cell.items():
                keys.update(value if isinstance(value, dict) else {key: value})
            out["%s %d" % (kind, number)] = keys
    return out


class Settings(unittest.TestCase):
    def test_every_pair_is_covered(self):
        for table in TABLES.values():
            found = covering.pairwise(table)
            for a in table:
                for b in table:
                    for x in table[a]:
                        for y in table[b]:
                            self.assertTrue(a == b or any(cell[a] == x and cell[b] == y for cell in found), (a, x, b, y))

    def test_replays(self):
        folder = tempfile.mkdtemp(prefix="symsweep-settings-")
        self.addCleanup(shutil.rmtree, folder)
        chosen = cells()
        sweep = {"name": "settings", "run": BASE, "cases": [{"label": label, **keys} for label, keys in chosen.items()]}
        runs = replay.train(sweep, folder)
        self.assertEqual(set(runs), set(chosen))
        for label, run in runs.items():
            with self.subTest("%s: %s" % (label, chosen[label])):
                self.assertEqual(facts.STATES[run.status], "done")
                problems, compared = replay.compare(run)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 3 * 8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
