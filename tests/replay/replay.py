"""Replays a saved run in PyTorch float64 from the results file alone, and compares its curves and parameters.

A run is read with h5py; the families and the priors are written anew from the documents (families.py, priors.py), and so
were the network, the losses and the optimizers of the package in analysis/, which are the ones of these replays. Nothing
here calls the program but `symsweep draws`, which prints the batches and tuples that a run drew."""

import copy
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import torch

import families
import philox
import priors

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))
from symsweep import network  # noqa: E402
from symsweep.optimizer import Optimizer, learning_rate_factor  # noqa: E402

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
BINARY = os.environ.get("SYMSWEEP_BINARY", str(Path(__file__).resolve().parents[2] / "build" / "symsweep"))
ALIGNED = 512  # most tuples that the gradient of a violation is taken over; more are sampled
TIE = 1e-5  # two best logits closer than this: float32 and float64 may disagree on the argmax


class Run:
    """One row of a results file."""

    def __init__(self, path, row):
        self.path, self.row = str(path), row
        with h5py.File(path, "r") as file:
            self.config = json.loads(file["/runs/config"].asstr()[row])
            self.label_text = file["/runs/label"].asstr()[row]
            self.status = int(file["/runs/status"][row])
            inputs = file["/data/inputs"][row]
            used = inputs[:, 0] >= 0
            self.inputs = inputs[used]
            self.inputs = self.inputs[:, (self.inputs >= 0).all(0)].astype(np.int64)
            self.label = file["/data/label"][row][used].astype(np.int64)
            self.clean_label = self.label
            if "clean_label" in file["/data"] and self.config["task"].get("label_noise", 0) > 0:
                self.clean_label = file["/data/clean_label"][row][used].astype(np.int64)
            self.split = file["/data/split"][row][used]
            self.layout = json.loads(file["/snapshots/parameter_layout"].asstr()[row])
            snapshot_steps = file["/snapshots/step"][row]
            self.snapshot_steps = snapshot_steps[snapshot_steps >= 0]
            count = self.layout[-1]["offset"] + int(np.prod(self.layout[-1]["shape"]))
            self.snapshots = file["/snapshots/parameters"][row, :len(self.snapshot_steps), :count].astype(float)
            self.states = None
            if "optimizer" in file["/snapshots"]:
                states = file["/snapshots/optimizer"][row, :len(self.snapshot_steps)].astype(float)
                self.states = states[:, np.isfinite(states).any(0)]
            steps = file["/curves/step"][row]
            self.steps = steps[steps >= 0]
            self.curves = {}
            for group in ("curves", "symmetry"):
                file[group].visititems(lambda name, item, group=group: self.read_curve(group, name, item))
            text = file["/symmetry/automorphism/generators"][row].decode() if "automorphism" in file["symmetry"] else ""
            self.generators = json.loads(text) if text else []
            self.enumerated = {name: int(item["enumerated"][row]) for name, item in file["symmetry"].items()}
        self.table = families.Table(self.config, self.inputs, self.label, self.clean_label)
        self.table.generators = self.generators
        tied = self.config["model"].get("unembedding", "untied") == "tied"
        self.classes = self.table.entities if tied else self.layout_shape("unembedding")[1]
        self.train = np.flatnonzero(self.split == 1)
        self.test = np.flatnonzero(self.split == 0)

    def read_curve(self, group, name, item):
        if isinstance(item, h5py.Dataset) and item.ndim == 2 and name != "step":
            key = name if group == "curves" else "%s/%s" % (group, name)
            self.curves[key] = item[self.row, :len(self.steps)].astype(float)

    def layout_shape(self, name):
        return next(tensor["shape"] for tensor in self.layout if tensor["name"] == name)

    def parameters(self, step):
        """name -> float64 tensor of the snapshot at that step."""
        flat = self.snapshots[list(self.snapshot_steps).index(step)]
        out = {}
        for tensor in self.layout:
            size = int(np.prod(tensor["shape"]))
            part = flat[tensor["offset"]:tensor["offset"] + size]
            out[tensor["name"]] = torch.tensor(part.reshape(tensor["shape"]))
        return out

    def draws(self, first, last):
        """step -> what `symsweep draws` prints of it."""
        done = subprocess.run([BINARY, "draws", self.path, "--run", str(self.row), "--steps", "%d:%d" % (first, last)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError("symsweep draws: exit %d: %s" % (done.returncode, done.stderr))
        return {entry["step"]: entry for entry in json.loads(done.stdout)["steps"]}


def families_weighted(config):
    return {name: options for name, options in config.get("symmetry", {}).items() if options.get("weight", 0) != 0}


def priors_weighted(config):
    return {name: options for name, options in config.get("geometry", {}).items() if options.get("weight", 0) != 0}


def configuration(config, t):
    """What `changes` have made of it before step t, and the tensors that are frozen then."""
    config, frozen = copy.deepcopy(config), []
    for change in config["changes"]:
        for path, value in change.items():
            if change["at"] >= t or path == "at":
                continue
            if path == "freeze":
                frozen = value
                continue
            *groups, name = path.split(".")
            place = config
            for group in groups:
                place = place[group]
            place[name] = value
    return config, frozen


def acts(options, t):
    return t > options["from_step"] and (options["until_step"] == "end" or t <= options["until_step"])


class Replay:
    """The run again, step by step, from the parameters saved at `start`, and the optimizer's state where that is not 0."""

    def __init__(self, run, start=0):
        self.run = run
        self.config = run.config
        self.train, self.split = run.train, run.split
        self.row_loss = network.LOSSES[self.config.get("loss", {}).get("kind", "cross_entropy")]
        self.inputs = torch.as_tensor(run.inputs)
        self.label = torch.as_tensor(run.label)
        self.model = network.from_layout(self.config["model"], run.layout, run.inputs.shape[1], run.table.entities)
        at = list(run.snapshot_steps).index(start)
        network.load_flat(self.model, run.layout, torch.as_tensor(run.snapshots[at]))
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = Optimizer(self.parameters.items(), self.config["optimizer"], self.config["steps"])
        if start > 0:
            self.optimizer.load_pieces(torch.as_tensor(run.states[at]), run.layout, start)
        self.fixed = {}
        self.drawn = {}
        configs = [configuration(run.config, change["at"] + 1)[0] for change in run.config["changes"]]
        if any(self.needs_draws(config) for config in [run.config, *configs]):
            self.drawn = run.draws(1, self.config["steps"])

    def needs_draws(self, config):
        if not self.full_batch() or "lipschitz" in priors_weighted(config):
            return True
        return any(options["tuples_per_step"] != "all" for options in families_weighted(config).values())

    def follow(self, t):
        """As docs/configuration.md says under Changes."""
        if not self.run.config["changes"]:
            return
        self.config, frozen = configuration(self.run.config, t)
        self.optimizer.change(self.config["optimizer"], frozen)
        if self.config["train_fraction"] != self.run.config["train_fraction"]:
            self.split = philox.split(len(self.run.split), self.config["train_fraction"], self.config["data_seed"])
            self.train = np.flatnonzero(self.split == 1)

    def full_batch(self):
        """As docs/science.md says under Batch."""
        train, size = len(self.train), self.config["optimizer"]["batch_size"]
        share = self.config["optimizer"].get("batch_fraction", 0)
        most = max(1, math.floor(share * train + 0.5)) if share else train
        return most >= train and (size == "full" or size > train)

    def logits(self, t=None):
        """Of all inputs; in training step t with what its dropout leaves."""
        self.model.train(t is not None)
        self.model.use_masks(lambda block, shape: torch.as_tensor(
            philox.dropout(shape, self.config["model"]["dropout"], self.config["seed"], t, block)))
        return self.model(self.inputs)

    def batch(self, t):
        if self.full_batch():
            return torch.as_tensor(self.train)
        return torch.as_tensor(self.drawn[t]["batch"])

    def tuples(self, family, options, t):
        if options["tuples_per_step"] != "all":
            drawn = self.drawn[t]["symmetry"][family]["tuples"]
            return families.Tuples([one["inputs"] for one in drawn], [one["map"] for one in drawn], self.run.classes)
        split = self.split if options.get("inputs", "all") == "train" else None
        if options.get("intermediate", "exact") == "predicted":
            prediction = self.logits().detach().argmax(1).numpy()  # without dropout
            return families.enumerate_tuples(self.run.table, family, self.run.classes, split, prediction)
        key = family, len(self.train)
        if key not in self.fixed:
            self.fixed[key] = families.enumerate_tuples(self.run.table, family, self.run.classes, split)
        return self.fixed[key]

    def objective(self, t):
        """What step t (1 is the first) minimizes."""
        logits = self.logits(t)
        batch = self.batch(t)
        value = self.row_loss(logits[batch], self.label[batch]).mean()
        for family, options in families_weighted(self.config).items():
            if acts(options, t):
                tuples = self.tuples(family, options, t)
                each = families.violations(family, tuples, logits, self.run.table, options)[0]
                if options["weight"] < 0:
                    each = torch.clamp(each, max=options["bound"])
                value = value + options["weight"] * each.mean()
        for prior, options in priors_weighted(self.config).items():
            if not acts(options, t):
                continue
            embedding = self.model.embedding
            entities = embedding[:self.run.table.entities]
            if prior == "nuclear":
                term = priors.nuclear(entities, options["normalized"])
            elif prior == "entropy":
                term = priors.entropy(entities, options["normalized"])
            else:
                assert prior == "lipschitz", "the replay has no prior %s" % prior
                pairs = self.drawn[t]["lipschitz"]["pairs"]
                inputs = torch.as_tensor([pair["inputs"] for pair in pairs])
                tokens = torch.as_tensor([pair["tokens"] for pair in pairs])
                term = priors.lipschitz(logits, embedding, (inputs, tokens), options["bound"])
            value = value + options["weight"] * term
        return value

    def gradient(self, t):
        value = self.objective(t)
        names = list(self.parameters)
        found = torch.autograd.grad(value, [self.parameters[name] for name in names], allow_unused=True)
        gradients = {name: torch.zeros_like(self.parameters[name]) if g is None else g
                     for name, g in zip(names, found)}
        return float(value), gradients

    def step(self, t):
        self.follow(t)
        value, gradients = self.gradient(t)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
        for name, w in self.parameters.items():
            w.grad = gradients[name]
        self.optimizer.step()
        return value, norm

    def measure(self, costly):
        """name -> (value, largest difference that ties, or float32 gradients, excuse)."""
        out = {}
        with torch.no_grad():
            logits = self.logits()
            loss = self.row_loss(logits, self.label).numpy()
            best = torch.topk(logits, 2, dim=1).values
            tie = ((best[:, 0] - best[:, 1]) < TIE).numpy()
            right = (logits.argmax(1) == self.label).numpy()
            others = logits.scatter(1, self.label[:, None], -math.inf)
            margin = (logits.gather(1, self.label[:, None])[:, 0] - others.max(1).values).numpy()
            for name, rows in (("train", self.train), ("test", self.run.test)):
                if len(rows):
                    out[name + "_loss"] = (loss[rows].mean(), 0.0)
                    out[name + "_accuracy"] = (right[rows].mean(), tie[rows].mean())
            out["margin_mean"] = (margin[self.train].mean(), 0.0)
            out["margin_min"] = (margin[self.train].min(), 0.0)
            square = sum(float((w**2).sum()) for w in self.parameters.values())
            out["weight_norm"] = (math.sqrt(square), 0.0)
            for family, enumerated in self.run.enumerated.items():
                if enumerated == 1:
                    self.measure_family(out, family, logits)
        if costly:
            self.measure_cosines(out)
        return out

    def measure_cosines(self, out):
        """Of the gradients of the mean train loss and of each family's mean violation, where all tuples are taken."""
        logits = self.logits()
        train = torch.as_tensor(self.train)

        def gradient(value):
            found = torch.autograd.grad(value, list(self.parameters.values()), retain_graph=True)
            return torch.cat([g.reshape(-1) for g in found])

        loss = gradient(self.row_loss(logits[train], self.label[train]).mean())
        for family, enumerated in self.run.enumerated.items():
            tuples = self.fixed.get("measured " + family, ())
            if enumerated == 1 and len(tuples) <= ALIGNED:
                value = families.violations(family, tuples, logits, self.run.table, {})[0].mean()
                if float(value) == 0:  # a model that is symmetric by its making: no gradient, no cosine
                    out["symmetry/%s/gradient_cosine" % family] = (math.nan, 0.0)
                    continue
                cosine = torch.nn.functional.cosine_similarity(loss, gradient(value), dim=0, eps=0)
                # A small violation has lost digits in float32, and its gradient has lost as many.
                lost = tolerance(float(value)) / float(value)
                out["symmetry/%s/gradient_cosine" % family] = (float(cosine), lost)

    def measure_family(self, out, family, logits):
        key = "measured " + family
        if key not in self.fixed:
            self.fixed[key] = families.enumerate_tuples(self.run.table, family, self.run.classes)
        tuples = self.fixed[key]
        # The measure is the symmetric divergence whatever the loss is.
        value, one, other = families.violations(family, tuples, logits, self.run.table, {})
        tied = torch.zeros(len(tuples), dtype=torch.bool)
        for side in (one, other):
            best = torch.topk(side, 2, dim=1).values
            tied |= (best[:, 0] - best[:, 1]) < TIE
        disagree = one.argmax(1) != other.argmax(1)
        prefix = "symmetry/%s/" % family
        out[prefix + "mean"] = (float(value.mean()), 0.0)
        out[prefix + "max"] = (float(value.max()), 0.0)
        out[prefix + "disagreement"] = (float(disagree.double().mean()), float(tied.double().mean()))


def tolerance(value):
    return 1e-4 * abs(value) + 3e-5 * math.sqrt(abs(value)) + 1e-9


def relative(found, wanted):
    """Relative L2 distance of two tensors."""
    size = float(wanted.norm())
    return float((found - wanted).norm()) / size if size > 0 else float(found.norm())


def compare(run, parameter_tolerance=1e-3, start=0):
    """(differences as text, how many values were compared) over the evaluations from step `start` on and the final
    parameters."""
    problems, compared = [], 0
    replay = Replay(run, start)
    expected = {int(step): e for e, step in enumerate(run.steps)}
    last = int(run.steps[-1])
    objective = norm = float("nan")
    for t in range(start, last + 1):
        if t > start:
            objective, norm = replay.step(t)
        if t not in expected:
            continue
        found = replay.measure(t == last or expected[t] % run.config["evaluate"]["spectra_every"] == 0)
        if t > start:
            found["objective"] = (objective, 0.0)
            found["gradient_norm"] = (norm, 0.0)
        for name, (value, ties) in found.items():
            if name not in run.curves:
                problems.append("%s: not in the file" % name)
                continue
            recorded = run.curves[name][expected[t]]
            compared += 1
            same = math.isnan(recorded) if math.isnan(value) else abs(recorded - value) <= tolerance(value) + ties
            if not same:
                problems.append("step %d %s: file %.9g, replay %.9g" % (t, name, recorded, value))
    for name, wanted in run.parameters(last).items():
        compared += 1
        distance = relative(replay.parameters[name].detach(), wanted)
        if not distance <= parameter_tolerance:
            problems.append("step %d parameters %s: relative L2 %.3g" % (last, name, distance))
    return problems, compared


def compare_gradient(run, allowed=1e-5):
    """A run of one SGD step without momentum or decay: its parameter difference is -learning_rate times the gradient.
    Returns (differences as text, largest relative L2 over the tensors)."""
    optimizer = run.config["optimizer"]
    assert optimizer["kind"] == "sgd" and not optimizer["momentum"] and not optimizer["weight_decay"], optimizer
    before, after = run.parameters(0), run.parameters(1)
    rate = optimizer["learning_rate"] * learning_rate_factor(optimizer, run.config["steps"], 1)
    problems, worst = [], 0.0
    for name, wanted in Replay(run).gradient(1)[1].items():
        distance = relative((before[name] - after[name]) / rate, wanted)
        worst = max(worst, distance)
        if not distance <= allowed:
            problems.append("gradient %s: relative L2 %.3g" % (name, distance))
    return problems, worst


def train(sweep, folder):
    """Writes a sweep file, trains it, returns its runs by label."""
    folder = Path(folder)
    path = folder / (sweep["name"] + ".json")
    path.write_text(json.dumps(sweep))
    results = folder / (sweep["name"] + ".h5")
    done = subprocess.run([BINARY, "--quiet", "--output", str(results), str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError("symsweep: exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr))
    with h5py.File(results, "r") as file:
        count = len(file["/runs/id"])
    runs = [Run(results, row) for row in range(count)]
    return {run.label_text: run for run in runs}
