"""Models of a results file in PyTorch: their logits give the file's curves, for every kind and key; a run goes on in PyTorch from
a kept step; TransformerLens' weights."""

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import torch

import fixtures
import lens
import symsweep
from symsweep import facts, hooked, network
from symsweep.optimizer import PIECES, Optimizer

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
BASE = {"task": {"kind": "modular", "operation": "add", "p": 7}, "train_fraction": 0.7, "model": fixtures.TINY, "steps": 60,
        "optimizer": {"learning_rate": 0.003, "warmup_steps": 5}, "evaluate": {"every": 10, "snapshots": 0, "snapshot_steps": [20, 40]},
        "stop": {"test_accuracy": 0}, "save": {"optimizer": True, "split": True}}
MLP = {"model.kind": "mlp", "model.d_hidden": 24}
# Each key of `model` that decides a logit with values that are not the default; where a program has no such key yet, or not
# of that kind of model, it is passed over.
KEYS = {
    "model.kind": [{}, MLP],
    "model.layers": [{"model.layers": 2}, {**MLP, "model.layers": 3}],
    "model.d_model": [{"model.d_model": 12}], "model.d_mlp": [{"model.d_mlp": 20}], "model.d_hidden": [{**MLP, "model.d_hidden": 10}],
    "model.heads": [{"model.heads": 1}], "model.d_head": [{"model.heads": 3, "model.d_head": 5}],
    "model.readout_token": [{"model.readout_token": False}],
    "model.operand_embeddings": [{"model.operand_embeddings": "separate"}, {**MLP, "model.operand_embeddings": "separate"}],
    "model.embedding_init_scale": [{"model.embedding_init_scale": 2}],
    "model.output_scale": [{"model.output_scale": 0.5}, {**MLP, "model.output_scale": 2}],
    "model.normalization": [{"model.normalization": "layernorm"}, {"model.normalization": "rmsnorm", "model.layers": 2}],
    "model.normalization_placement": [{"model.normalization": kind, "model.normalization_placement": "post"} for kind in ("layernorm", "rmsnorm")],
    "model.activation": [{**kind, "model.activation": name} for name, kind in itertools.product(
        ("gelu", "silu", "tanh", "square", "identity"), ({}, MLP))],
    "model.bias": [{"model.bias": False}, {**MLP, "model.bias": False}],
    "model.unembedding": [{"model.unembedding": "tied"}],
    "model.init_scale": [{"model.init_scale": 0.5}],
    "model.input": [{**MLP, "model.input": "one_hot"}],
    "model.combine": [{**MLP, "model.combine": "sum"}, {**MLP, "model.combine": "sum", "model.input": "one_hot"}],
    "model.attention_rate": [{"model.attention_rate": 0.3}],
    "model.causal": [{"model.causal": False, "model.layers": 2}],
    "model.dropout": [{"model.dropout": 0.2}],
}
LOSSES = {"stablemax": {"loss.kind": "stablemax"}, "mse": {"loss.kind": "mse"}, "hinge": {"loss.kind": "hinge"}}


def known_keys():
    done = subprocess.run([fixtures.BINARY, "check", "--list-keys", "--json"], capture_output=True, text=True, check=True)
    return {key["path"]: key for key in json.loads(done.stdout)}


def setUpModule():
    global RESULTS, PROGRAM
    PROGRAM = known_keys()
    cases = [{"label": "loss " + name, **keys} for name, keys in LOSSES.items() if name in PROGRAM["loss.kind"]["values"]]
    for key, variants in KEYS.items():
        cases += [{"label": "%s %d" % (key, k), **variant} for k, variant in enumerate(variants) if set(variant) <= set(PROGRAM)]
    cases.append({"label": "grokfast", "optimizer.grokfast.lambda": 1.5, "optimizer.gradient_clip": 0.5})
    cases.append({"label": "long inputs", "task.operation": "expression", "task.expression": "x+y-z", "task.p": 5})
    # A key that changes nothing gives a run that is there already: seeds tell them apart.
    cases = [{"seed": k, **case} for k, case in enumerate(cases)]
    RESULTS = symsweep.load(fixtures.train(FOLDER, {"name": "models", "run": BASE, "cases": cases}))


def tearDownModule():
    shutil.rmtree(FOLDER)


def measured(run, model):
    """What the curves say of the logits, from these."""
    data = run.data
    with torch.no_grad():
        logits = model.eval()(data.inputs).double()
    loss = run.loss(logits, data.label)
    right = logits.gather(1, data.label[:, None])[:, 0]
    margin = right - logits.scatter(1, data.label[:, None], -torch.inf).max(1).values
    return {"train_loss": loss[data.train].mean(), "test_loss": loss[data.test].mean(), "margin_mean": margin[data.train].mean(),
            "margin_min": margin[data.train].min(), "test_accuracy": (logits.argmax(1) == data.label)[data.test].double().mean()}


def of_label(label):
    return RESULTS.run(RESULTS.runs.index[RESULTS.runs["label"] == label][0])


class Logits(unittest.TestCase):
    def test_every_kind_and_key(self):
        self.assertEqual({key for key in PROGRAM if key.startswith("model.") and not key.startswith("model.start.")} - set(KEYS), set(), "a key without a case")
        self.assertGreaterEqual(len(RESULTS), 18)
        self.assertFalse(RESULTS.has_curves)
        RESULTS.curves
        for number in RESULTS.runs.index:
            run = RESULTS.run(number)
            self.assertEqual(run.steps.tolist(), [0, 20, 40, 60])
            for step, dtype in ((0, torch.float64), (20, None), (60, torch.float64)):
                found = measured(run, run.model(step, dtype))
                for name, value in found.items():
                    with self.subTest(run.row["label"], step=step, curve=name):
                        wanted = float(run.curves[name].sel(step=step))
                        self.assertLessEqual(abs(float(value) - wanted), 1e-5 * max(1, abs(wanted)))

    def test_a_wrong_parameter_is_seen(self):
        run = of_label("model.kind 0")
        model = run.model(60)
        with torch.no_grad():
            model.position_embedding[0, 0] += 0.01
        self.assertGreater(abs(float(measured(run, model)["margin_min"]) - float(run.curves["margin_min"].sel(step=60))), 1e-5)

    def test_what_is_missing_is_told(self):
        run = of_label("model.kind 0")
        with self.assertRaisesRegex(ValueError, "no snapshot at step 7; there are: 0, 20, 40, 60"):
            run.model(7)
        plain = symsweep.load(fixtures.train(FOLDER, {"name": "plain", "run": {**BASE, "save": {}}})).run(0)
        for ask, reason in ((plain.model, "save.parameters"), (lambda: plain.data, "save.split")):
            with self.assertRaisesRegex(symsweep.ResultsError, reason):
                ask()
        with self.assertRaises(ValueError):
            RESULTS.run(1000)


class TakenUp(unittest.TestCase):
    """Runs go on in PyTorch; tests/replay does so for every optimizer, in batches and with symmetry losses."""

    def go_on(self, run, model, optimizer, until):
        data = run.data
        for _ in range(until - optimizer.t if isinstance(optimizer, Optimizer) else until):
            optimizer.zero_grad()
            run.loss(model(data.inputs[data.train]), data.label[data.train]).mean().backward()
            optimizer.step()
        return measured(run, model)

    def test_later_curves(self):
        for label in ("model.kind 0", "model.kind 1", "grokfast"):
            run = of_label(label)
            for step in (0, 20, 40):
                found = self.go_on(run, *run.resume(step, torch.float64), until=60)
                for name in ("train_loss", "test_loss", "margin_min"):
                    with self.subTest(label, step=step, curve=name):
                        wanted = float(run.curves[name].sel(step=60))
                        self.assertLessEqual(abs(float(found[name]) - wanted), 1e-4 * max(1, abs(wanted)))

    def test_the_state_matters(self):
        run = of_label("model.kind 0")
        model, optimizer = run.resume(40, torch.float64)
        for state in optimizer.state.values():
            state["exp_avg"].zero_()
        found = self.go_on(run, model, optimizer, until=60)
        self.assertGreater(abs(float(found["test_loss"]) - float(run.curves["test_loss"].sel(step=60))), 1e-3)

    def test_torch_takes_the_state(self):
        run = of_label("model.kind 0")
        state = run.state(20, torch.float64)
        model, other = run.model(0, torch.float64), None
        model.load_state_dict(state["model"])
        other = torch.optim.AdamW(model.parameters())
        other.load_state_dict(state["optimizer"])
        self.assertEqual(state["step"], 20)
        found = self.go_on(run, model, other, until=20)
        self.assertLessEqual(abs(float(found["test_loss"]) - float(run.curves["test_loss"].sel(step=40))), 1e-4)

    def test_tables(self):
        self.assertEqual(set(facts.OPTIMIZER_PIECES), set(fixtures.facts.OPTIMIZERS))
        for kind, pieces in facts.OPTIMIZER_PIECES.items():
            self.assertLessEqual(set(PIECES[kind]), set(pieces))
        self.assertLessEqual(set(PROGRAM["loss.kind"]["values"]), set(network.LOSSES))
        self.assertEqual(set(PROGRAM["model.kind"]["values"]), set(network.KINDS))
        if "model.activation" in PROGRAM:
            self.assertEqual(set(PROGRAM["model.activation"]["values"]), set(network.ACTIVATIONS))


class Hooked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lens.install()

    def test_runs_of_the_file(self):
        for label in ("model.kind 0", "model.layers 0", "model.d_head 0", "model.output_scale 0", "model.readout_token 0"):
            run = of_label(label)
            theirs = run.to_hooked(40)
            with torch.no_grad():
                torch.testing.assert_close(theirs(run.data.inputs)[:, -1], run.model(40)(run.data.inputs), rtol=1e-4, atol=1e-5)

    def test_every_key_that_it_has(self):
        generator = torch.Generator().manual_seed(3)
        tokens = torch.randint(0, 8, (20, 3), generator=generator)
        base = {"kind": "transformer", "layers": 2, "d_model": 12, "heads": 3, "d_head": 5, "d_mlp": 16, "output_scale": 0.7}
        for keys in ({}, {"normalization": "layernorm"}, {"normalization": "rmsnorm"}, {"activation": "gelu"}, {"activation": "silu"},
                     {"bias": False}, {"unembedding": "tied"}, {"causal": False}, {"normalization": "layernorm", "causal": False, "bias": False}):
            with self.subTest(keys):
                model = network.Transformer({**base, **keys}, 8, 3, 7).double()
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter.copy_(torch.randn(parameter.shape, generator=generator))
                    torch.testing.assert_close(hooked.build(model)(tokens)[:, -1], model(tokens), rtol=1e-9, atol=1e-9)

    def test_refusals(self):
        base = {"layers": 1, "d_model": 4, "heads": 1, "d_head": 4, "d_mlp": 4, "d_hidden": 4, "kind": "transformer"}
        for keys, reason in (({"activation": "tanh"}, "tanh"), ({"attention_rate": 0.5}, "attention_rate"),
                             ({"normalization": "rmsnorm", "normalization_placement": "post"}, "post")):
            with self.assertRaisesRegex(ValueError, reason):
                hooked.weights(network.Transformer({**base, **keys}, 5, 3, 4))
        with self.assertRaisesRegex(ValueError, "kind mlp"):
            hooked.weights(network.MultilayerPerceptron({**base, "kind": "mlp"}, 5, 2, 4))


class Dropout(unittest.TestCase):
    def test_masks(self):
        model = network.Transformer({"layers": 1, "d_model": 6, "heads": 2, "d_head": 3, "d_mlp": 8, "dropout": 0.5}, 5, 3, 4)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_()
        tokens, places = torch.zeros(4, 3, dtype=torch.int64), []

        def masks(block, shape):
            places.append(block)
            return torch.zeros(shape)
        model.use_masks(masks)
        with torch.no_grad():
            torch.testing.assert_close(model.train()(tokens), (model.token_embedding[tokens] + model.position_embedding)[:, -1] @ model.unembedding)
            self.assertEqual(places, [0, 1])
            self.assertFalse(torch.equal(model.eval()(tokens), model.train()(tokens)))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
