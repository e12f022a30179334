"""Replays of 20 steps over every task, both models, every family, prior and optimizer: one sweep of tiny runs."""

import shutil
import tempfile
import unittest
from pathlib import Path

import h5py

import replay
from families import facts

BASE = {
    "task": {"kind": "modular", "p": 7},
    "model": {"kind": "transformer", "layers": 1, "d_model": 16, "heads": 2, "d_mlp": 32},
    "optimizer": {"kind": "adamw", "warmup_steps": 5},
    "steps": 20,
    "seed": 1,
    "evaluate": {"every": 1, "tuples": 20000, "snapshot_steps": [9]},
    "stop": {"test_accuracy": 0},
    "save": {"optimizer": True, "split": True},
}
MIDDLE = 9  # a step of a snapshot
# Runs that are taken up there as well.
TAKEN_UP = ("model two layers", "mlp two layers", "minibatch", "no decay", "cosine", "grokfast", "orthograd stablemax", "sgd momentum",
            "sgd nesterov", "sgd grokfast", "muon", "muon two layers", "everything", "associativity sampled", "lipschitz")
MLP = {"model.kind": "mlp", "model.layers": 1, "model.d_hidden": 32}


def modular(operation, p=7):
    return {"task.kind": "modular", "task.operation": operation, "task.p": p}


def expression(text, p=5):
    return {"task.kind": "modular", "task.operation": "expression", "task.expression": text, "task.p": p}


def graph(name, **keys):
    return {"task.kind": "graph", "task.graph": name, **{"task." + key: value for key, value in keys.items()}}


def comparison(sides, form="relation"):
    return {"task.kind": "comparison", "task.sides": sides, "task.form": form}


def group(name, **keys):
    return {"task.kind": "group", "task.group": name, **{"task." + key: value for key, value in keys.items()}}


def prompted(family, tuples="all", weight=0.5, **options):
    keys = {"weight": weight, "tuples_per_step": tuples, **options}
    return {"symmetry.%s.%s" % (family, key): value for key, value in keys.items()}


def prior(name, weight, **options):
    return {"geometry.%s.%s" % (name, key): value for key, value in {"weight": weight, **options}.items()}


def optimizer(**keys):
    return {"optimizer." + key.replace("__", "."): value for key, value in keys.items()}


def write_tables(folder):
    """Names of files: a product with holes, and a sum of three of which some are missing."""
    pairs = [(x, y, x * y % 7) for x in range(7) for y in range(7) if (x * 3 + y) % 11]
    triples = [(x, y, z, (x + y + z) % 4) for x in range(4) for y in range(4) for z in range(4) if (x + 2 * y + 3 * z) % 13]
    whole = [(x, y, z, (x + y - z) % 4) for x in range(4) for y in range(4) for z in range(4)]
    for name, rows in (("pairs.csv", pairs), ("triples.csv", triples), ("triples_whole.csv", whole)):
        Path(folder, name).write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


def table(name):
    return {"task.kind": "table", "task.file": name}


def cells(edge_list):
    """label -> keys."""
    out = {}

    def cell(label, *parts):
        assert label not in out, label
        out[label] = {key: value for part in parts for key, value in part.items()}
        if "train_inputs" not in out[label]:
            out[label].setdefault("train_fraction", 0.6)

    add, cycle, order = modular("add"), graph("cycle", nodes=8), comparison([3, 3])
    s3 = group("symmetric", n=3)

    # Tasks, each with a family of its own where one exists.
    for operation in facts.OPERATIONS:
        cell("modular " + operation, modular(operation))
    cell("graph cycle", cycle)
    cell("graph path", graph("path", nodes=6))
    cell("graph grid", graph("grid", sides=[3, 2]))
    cell("graph grid3d", graph("grid3d", sides=[2, 2, 3]))
    cell("graph cylinder", graph("cylinder", sides=[4, 2]))
    cell("graph hypercube", graph("hypercube", dimension=3))
    cell("graph torus", graph("torus", sides=[3, 3]))
    cell("graph tree", graph("tree", branching=2, depth=2))
    cell("graph edge_list", graph("edge_list", file=edge_list))
    cell("comparison relation", order)
    cell("comparison relation 3 attributes", comparison([2, 2, 3]))
    cell("comparison three_way", comparison([3, 3], "three_way"))
    cell("group cyclic", group("cyclic", n=8))
    cell("group dihedral", group("dihedral", n=4))
    cell("group symmetric", s3)
    cell("group alternating", group("alternating", n=4), prompted("translation", 100))
    cell("word", s3, {"task.expression": "x*y*x^-1"}, prompted("commutativity"), prompted("associativity", 100))
    cell("word of three", group("dihedral", n=3), {"task.expression": "x*y*x*z^2"}, prompted("commutativity", 50))
    cell("group product", group("product", factors=[2, 4]))
    cell("gcd", {"task.kind": "gcd", "task.n": 8}, prompted("associativity", 100))
    cell("table of pairs", table("pairs.csv"), prompted("associativity", 100), prompted("commutativity"))
    cell("table of triples", table("triples.csv"), prompted("commutativity"))
    cell("table of triples separate", table("triples.csv"), {"model.operand_embeddings": "separate"},
         prompted("commutativity", 64), prompted("label_pairs", 50))
    cell("table of triples no readout", table("triples.csv"), {"model.readout_token": False}, optimizer(batch_size=8))
    cell("table of triples lipschitz", table("triples.csv"), prior("lipschitz", 0.01, pairs_per_step=60, bound=0.1))
    cell("mlp table of triples", MLP, table("triples.csv"), prompted("commutativity", 64))

    planted = {"task.kind": "planted", "task.n": 8, "task.symmetry_order": 4}
    cell("planted", planted, prompted("commutativity"))
    cell("planted cells", planted, {"task.scramble": "cells"}, prompted("associativity", 100))
    cell("latin", {"task.kind": "latin", "task.n": 7}, prompted("associativity", 100), prompted("commutativity"))
    cell("parity", {"task.kind": "parity", "task.bits": 6}, prompted("commutativity"))
    cell("parity of all bits", {"task.kind": "parity", "task.bits": 4, "task.relevant": 4, "model.operand_embeddings": "separate"},
         prompted("commutativity", 40), prompted("label_pairs", 50))
    cell("expression", expression("x+y"), prompted("translation"))
    cell("expression three operands", expression("x+y-z"), prompted("translation", 200), prompted("scaling", 100))
    cell("expression that divides", expression("x*y/z"), prompted("negation"), prompted("scaling"), prompted("commutativity"))
    cell("expression separate", expression("x*y+z^2"), {"model.operand_embeddings": "separate"}, prompted("scaling"))
    cell("mlp expression", MLP, expression("x+y+z"), prompted("commutativity"), prompted("label_pairs", 50))
    cell("expression lipschitz", expression("x/z+y/z"), prior("lipschitz", 0.01, pairs_per_step=60, bound=0.1))

    # Models.
    cell("model no readout", add, {"model.readout_token": False})
    cell("model two layers", add, {"model.layers": 2})
    cell("model four layers no readout", add, {"model.layers": 4, "model.readout_token": False})
    cell("model scales", add, {"model.output_scale": 0.5, "model.embedding_init_scale": 2.0})
    cell("model one head", add, {"model.heads": 1, "model.d_head": 8})
    cell("model separate", add, {"model.operand_embeddings": "separate"}, prompted("associativity", 100))
    cell("mlp modular", MLP, add)
    cell("mlp graph", MLP, cycle, prompted("triangle", 100))
    cell("mlp comparison", MLP, order, prompted("transitivity", 100))
    cell("mlp group", MLP, s3, prompted("translation", 100))
    cell("mlp two layers", MLP, add, {"model.layers": 2, "model.output_scale": 2.0})

    # Families: enumerated, sampled, on train inputs only; the algebraic ones in every form of theirs.
    for operation in ("add", "sub", "mul", "div"):
        cell("commutativity " + operation, modular(operation), prompted("commutativity"))
    cell("commutativity sampled", modular("quadratic"), prompted("commutativity", 64))
    cell("commutativity control", s3, prompted("commutativity"))
    for operation in ("add", "sub", "sum_squared", "sum_cubed", "mul", "circle", "div"):
        cell("associativity " + operation, modular(operation), prompted("associativity"))
    cell("associativity sampled", modular("circle"), prompted("associativity", 200))
    cell("associativity train", modular("sub"), prompted("associativity", inputs="train"))
    cell("associativity predicted", add, prompted("associativity", intermediate="predicted"))
    cell("associativity group", s3, prompted("associativity", 300))
    for operation in ("add", "sub", "mul", "circle", "div"):
        cell("translation " + operation, modular(operation), prompted("translation"))
    cell("translation group", s3, prompted("translation"))
    cell("translation sampled", modular("sub"), prompted("translation", 128))
    for operation in ("add", "sum_squared", "mul", "sum_cubed", "div"):
        cell("scaling " + operation, modular(operation), prompted("scaling"))
    cell("scaling sampled", modular("quadratic"), prompted("scaling", 100))
    cell("negation sub", modular("sub"), prompted("negation"))
    cell("negation sampled", modular("sum_of_squares"), prompted("negation", 40))
    cell("triangle", cycle, prompted("triangle"))
    cell("triangle forward", cycle, prompted("triangle", divergence="forward_kl"))
    cell("triangle sampled train", graph("grid", sides=[3, 3]), prompted("triangle", 100, inputs="train"))
    cell("reflexivity", graph("path", nodes=8), prompted("reflexivity"))
    cell("distance_symmetry", cycle, prompted("distance_symmetry"))
    cell("distance_symmetry sampled", cycle, prompted("distance_symmetry", 32))
    cell("transitivity", order, prompted("transitivity"))
    cell("transitivity three_way", comparison([4, 2], "three_way"), prompted("transitivity"))
    cell("antisymmetry", order, prompted("antisymmetry"))
    cell("antisymmetry sampled", comparison([3, 3], "three_way"), prompted("antisymmetry", 50))
    cell("bradley_terry", order, prompted("bradley_terry"))
    cell("bradley_terry three_way", comparison([4, 2], "three_way"), prompted("bradley_terry"))
    cell("bradley_terry sampled, mlp", MLP, order, prompted("bradley_terry", 50, inputs="train"))
    cell("converse", order, prompted("converse"))
    cell("converse three_way", comparison([3, 3], "three_way"), prompted("converse", 50))
    cell("trichotomy", order, prompted("trichotomy"))
    cell("automorphism", add, prompted("automorphism"))
    cell("automorphism sampled", modular("quadratic"), prompted("automorphism", 200))
    cell("automorphism tied train", s3, prompted("automorphism", 100, inputs="train", scope="tied"))
    cell("automorphism graph", cycle, prompted("automorphism"))
    cell("automorphism order", comparison([3, 3], "relation"), prompted("automorphism", 64))
    cell("automorphism triples", table("triples_whole.csv"), prompted("automorphism"))
    cell("automorphism triples separate", table("triples_whole.csv"), {"model.operand_embeddings": "separate"},
         prompted("automorphism", 100))
    cell("automorphism elements", add, prompted("automorphism", elements=16))
    cell("automorphism elements sampled", cycle, prompted("automorphism", 100, elements=5))
    cell("automorphism elements triples", table("triples_whole.csv"), prompted("automorphism", 100, inputs="train", elements=40))
    cell("mlp automorphism", MLP, modular("mul"), prompted("automorphism"))
    cell("suppressed commutativity", add, prompted("commutativity", weight=-0.5, bound=0.05))
    cell("suppressed translation", modular("sub"), prompted("translation", 128, weight=-0.2, bound=0.03))
    cell("suppressed triangle", cycle, prompted("triangle", weight=-0.3, bound=0.1))
    cell("suppressed reflexivity", cycle, prompted("reflexivity", weight=-0.1, bound=2))
    cell("suppressed trichotomy, bradley_terry", order, prompted("trichotomy", weight=-0.2, bound=0.9),
         prompted("bradley_terry", 60, weight=-0.2, bound=0.01))
    cell("label_pairs", add, prompted("label_pairs"))
    cell("label_pairs train", cycle, prompted("label_pairs", 100, inputs="train"))
    cell("two families", add, prompted("commutativity", 50), prompted("associativity", 100, weight=1.5))
    cell("family schedule", add, prompted("associativity", 64, from_step=5, until_step=12))

    # Priors.
    cell("nuclear", add, prior("nuclear", 0.01))
    cell("nuclear graph", cycle, prior("nuclear", 0.05, from_step=3, until_step=15))
    cell("nuclear normalized", add, prior("nuclear", 0.5, normalized=True))
    cell("nuclear normalized, few tokens", comparison([2, 2]), prior("nuclear", 0.5, normalized=True))
    cell("entropy", add, prior("entropy", 0.1))
    cell("entropy normalized", cycle, prior("entropy", 0.5, normalized=True))
    cell("entropy comparison", order, prior("entropy", 0.1))
    cell("lipschitz", add, prior("lipschitz", 0.01, pairs_per_step=100, bound=0.1))
    cell("lipschitz neighbors", add, prior("lipschitz", 0.01, pairs_per_step=60, bound=0.1, neighbors=2))
    cell("lipschitz normalized", add, prior("lipschitz", 0.01, pairs_per_step=60, bound=0.1, normalized=True))
    cell("lipschitz comparison", order, prior("lipschitz", 0.01, pairs_per_step=60, bound=0.1))

    # Optimizers, filters, losses.
    cell("minibatch", add, optimizer(batch_size=8))
    cell("batch of a share", add, optimizer(batch_fraction=0.4))
    cell("smaller of size and share", add, optimizer(batch_size=7, batch_fraction=0.5))
    cell("batch larger than the train set", add, optimizer(batch_size=512))
    cell("train inputs", add, {"train_inputs": 17}, prompted("commutativity", inputs="train"))
    cell("no test set", add, {"train_fraction": 1}, prompted("associativity", 60))
    cell("label noise", add, {"task.label_noise": 0.3})
    cell("label noise minibatch", add, {"task.label_noise": 0.2}, optimizer(batch_size=8))
    cell("label noise associativity", add, {"task.label_noise": 0.3}, prompted("associativity", "all"))
    cell("label noise label_pairs", add, {"task.label_noise": 0.3}, prompted("label_pairs", "all"))
    cell("label noise group", s3, {"task.label_noise": 0.5}, prompted("associativity", 100))
    cell("no decay", add, optimizer(weight_decay=0.0, epsilon=1e-6, warmup_steps=0))
    cell("cosine", add, optimizer(schedule="cosine", learning_rate=5e-3))
    cell("clip", add, optimizer(gradient_clip=0.1))
    cell("grokfast", add, optimizer(grokfast__lambda=2.0, grokfast__alpha=0.98))
    cell("orthograd", add, optimizer(orthograd=True))
    cell("orthograd stablemax", add, optimizer(orthograd=True), {"loss.kind": "stablemax"})
    cell("stablemax minibatch", add, {"loss.kind": "stablemax"}, optimizer(batch_size=10))
    cell("sgd", add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.0))
    cell("sgd momentum", add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01))
    cell("sgd nesterov", add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.9, nesterov=True))
    cell("sgd grokfast", add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.5, grokfast__lambda=2.0))
    cell("adam", add, optimizer(kind="adam", weight_decay=0.01))
    cell("muon", add, optimizer(kind="muon"))
    cell("muon two layers", add, {"model.layers": 2}, optimizer(kind="muon", muon__learning_rate=0.01))

    # Changes: of every kind of key, back and forth, and the tensors of both models.
    def changes(*entries):
        return {"changes": [{"at": at, **keys} for at, keys in entries]}

    cell("change rates", add, changes((6, {"optimizer.learning_rate": 5e-3, "optimizer.weight_decay": 0.0}),
                                      (13, {"optimizer.weight_decay": 3.0})))
    cell("change weights", add, prompted("commutativity", weight=0), prior("nuclear", 0.01), prompted("scaling", 40),
         changes((5, {"symmetry.commutativity.weight": 0.5, "geometry.entropy.weight": 0.1}),
                 (9, {"geometry.nuclear.weight": 0.0, "symmetry.scaling.weight": -0.2}),
                 (14, {"symmetry.commutativity.weight": 0.0, "geometry.lipschitz.weight": 0.01})))
    cell("change grokfast", add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.5),
         changes((4, {"optimizer.grokfast.lambda": 2.0}), (9, {"optimizer.grokfast.lambda": 0.0}),
                 (13, {"optimizer.grokfast.lambda": 1.0})))
    cell("ungrokking", add, prompted("commutativity", inputs="train"), prompted("associativity", 30, inputs="train"),
         changes((7, {"train_fraction": 0.55}), (15, {"train_fraction": 0.5})))
    cell("ungrokking, batches", modular("quadratic"), optimizer(batch_size=8), prompted("commutativity", weight=0),
         changes((7, {"train_fraction": 0.3, "symmetry.commutativity.weight": 0.3})))
    cell("freeze", add, optimizer(gradient_clip=0.1, grokfast__lambda=1.0),
         changes((5, {"freeze": ["token_embedding", "layers.0.attention"]}), (12, {"freeze": ["layers.0.mlp.in"]})))
    cell("freeze muon", add, optimizer(kind="muon"), changes((5, {"freeze": ["layers.0.mlp.out", "unembedding"]})))
    cell("freeze mlp", MLP, add, optimizer(kind="sgd", learning_rate=0.1, momentum=0.9),
         changes((5, {"freeze": ["layers"]}), (12, {"freeze": []})))
    cell("everything", add, prompted("commutativity", 30), prompted("associativity", 30), prior("nuclear", 0.01),
         prior("entropy", 0.05), optimizer(batch_size=12, gradient_clip=1.0, grokfast__lambda=1.0))
    return out


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-matrix-")
        cls.addClassCleanup(shutil.rmtree, folder)
        edges = Path(folder, "ring_with_tail.txt")
        edges.write_text("0 1\n1 2\n2 3\n3 0\n3 4\n4 5\n")
        write_tables(folder)
        cls.cells = cells(edges.name)
        sweep = {"name": "matrix", "run": BASE, "cases": [{"label": label, **keys}
                                                          for label, keys in cls.cells.items()]}
        cls.runs = replay.train(sweep, folder)

    def test_every_cell(self):
        self.assertGreaterEqual(len(self.cells), 60)
        self.assertEqual(set(self.runs), set(self.cells))
        for label, run in self.runs.items():
            with self.subTest(label):
                self.assertEqual(facts.STATES[run.status], "done")
                problems, compared = replay.compare(run)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 20 * 8)

    def test_runs_taken_up_in_the_middle(self):
        """From the parameters and the optimizer's state of a snapshot: each kind of state, each kind of model."""
        for label in TAKEN_UP:
            with self.subTest(label):
                problems, compared = replay.compare(self.runs[label], start=MIDDLE)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 10 * 8)
        run = self.runs["minibatch"]
        run.states[list(run.snapshot_steps).index(MIDDLE)] *= 2
        self.assertTrue(replay.compare(run, start=MIDDLE)[0], "the state matters")

    def test_every_family_and_prior_is_weighted_somewhere(self):
        families = {name for run in self.runs.values() for name in replay.families_weighted(run.config)}
        self.assertEqual(families, set(facts.FAMILIES))
        with h5py.File(next(iter(self.runs.values())).path, "r") as file:
            self.assertLessEqual(set(file["symmetry"]), families)
        priors = {name for run in self.runs.values() for name in replay.priors_weighted(run.config)}
        self.assertEqual(priors, set(facts.PRIORS))

    def test_every_task_and_optimizer_is_trained_somewhere(self):
        for section, key, names in (("task", "kind", facts.KINDS), ("task", "operation", [*facts.OPERATIONS, "expression"]),
                                    ("task", "graph", facts.GRAPHS), ("task", "group", facts.GROUPS),
                                    ("optimizer", "kind", facts.OPTIMIZERS)):
            facts.cover("the cells", names, {run.config[section].get(key) for run in self.runs.values()})


if __name__ == "__main__":
    unittest.main(verbosity=2)
