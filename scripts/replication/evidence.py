"""Runs of results files by task and intervention. Which file or sweep a run is from does not matter: its configuration says
what it is, so that the baseline of one sweep is that of another."""

import dataclasses
import functools
import json

import numpy as np
import pages  # noqa: F401  (finds the package symsweep)
import symsweep
from symsweep import facts, settings, statistics, tasks

# What of a configuration does not make it another setting: how long and how closely it is looked at, and the intervention.
NEUTRAL = ("steps", "stop.", "evaluate.", "seed", "data_seed", "save.", "checkpoint.", "phase.", "symmetry.", "geometry.",
           "optimizer.grokfast.")
# Programs that measure the largest violation on a sample of tuples; their files say by which commit they were begun.
SAMPLED = ("5a0f2427e016f1939d197c3827e1ef99eab0321d",)
# Of the paper (App. F): train fraction, weight decay.
PAPER = {"modular": (0.3, 1), "graph": (0.8, 3), "comparison": (0.2, 1)}
ORDER = ("add", "sub", "sum_squared", "sum_cubed", "mul", "circle", "path", "cycle", "cylinder", "hypercube", "grid", "grid3d",
         "comparison")


# ---- what a configuration is ----

def arm(config):
    """The intervention in words, as the cases of sweeps/paper call it: "triangle train", "nuclear 0.01", "baseline"."""
    weighted = {name: family for name, family in config["symmetry"].items() if family["weight"] != 0}
    parts = []
    both = [weighted.get(name) for name in ("commutativity", "associativity")]
    if all(both) and both[0]["weight"] == both[1]["weight"] and both[0]["inputs"] == both[1]["inputs"]:
        parts.append(_family("consistency", both[1]))
        weighted = {name: family for name, family in weighted.items() if name not in ("commutativity", "associativity")}
    parts += [_family(name, family) for name, family in weighted.items()]
    for name, prior in config["geometry"].items():
        if prior["weight"] != 0:
            parts.append("%s %g%s" % (name, prior["weight"], " normalized" if prior.get("normalized") else ""))
    grokfast = config["optimizer"].get("grokfast", {}).get("lambda", 0)
    if grokfast:
        parts.append("grokfast %g" % grokfast)
    return " + ".join(parts) or "baseline"


def _family(name, family):
    words = [name]
    if family.get("intermediate") == "predicted":
        words.append("predicted")
    elif family.get("divergence") == "forward_kl":
        words.append("forward")
    else:
        words.append(family["inputs"])
    if family["weight"] != 1:
        words.append("%g" % family["weight"])
    return " ".join(words)


def held(config):
    """path -> value of all that is held when interventions are compared."""
    return {path: value for path, value in settings.flat(config).items() if not path.startswith(NEUTRAL)}


def usual(configs):
    """path -> the value that most runs have: what a file from before a key says nothing of."""
    counts = {}
    for config in configs:
        for path, value in held(config).items():
            counts.setdefault(path, {}).setdefault(json.dumps(value), 0)
            counts[path][json.dumps(value)] += 1
    return {path: json.loads(min(values, key=lambda text: (-values[text], text))) for path, values in counts.items()}


@dataclasses.dataclass(frozen=True)
class Group:
    """A setting that interventions are compared in."""

    key: str
    title: str
    domain: str  # modular, graph, comparison
    model: str
    scales: tuple  # output, initial embedding; 1, 1 as published
    published: bool  # train fraction and weight decay of the paper
    counts: bool = True  # claims are judged by it

    @property
    def is_main(self):
        return self.model == "transformer" and self.scales == (1, 1)

    def departs(self, other):
        """What is held here and is something else in another group, in words: "weight decay 1"."""
        mine, others = json.loads(self.key), json.loads(other.key)
        return ", ".join("%s %s" % (path.rsplit(".", 1)[-1].replace("_", " "), "%g" % value if isinstance(value, float) else value)
                         for path, value in mine.items() if others.get(path) != value)

    @property
    def order(self):
        word = self.title.split()[0]
        return (ORDER.index(word) if word in ORDER else len(ORDER), self.title, self.key)


def setting(config, known):
    """What is held, as text: the same for runs that may be compared."""
    return json.dumps({**known, **held(config)}, sort_keys=True)


def group_of(config, known):
    task, model = config["task"], config["model"]
    scales = (model.get("output_scale", 1), model.get("embedding_init_scale", 1))
    published = (config.get("train_fraction"), config["optimizer"].get("weight_decay")) == PAPER.get(task["kind"])
    return Group(setting(config, known), tasks.describe(config), task["kind"], model["kind"], scales, published)


def told_apart(groups):
    """Groups in their order. Of several settings of a task one counts, the published one where it is there; the others are
    titled by what they change."""
    for group in groups:
        same = [g for g in groups if (g.title, g.model, g.scales) == (group.title, group.model, group.scales)]
        first = min(same, key=lambda g: (not g.published, g.key))
        yield group if group == first else dataclasses.replace(group, title="%s, %s" % (group.title, group.departs(first)), counts=False)


# ---- runs ----

@dataclasses.dataclass(frozen=True)
class Sample:
    """Runs of one intervention in one setting, one a seed: when each reached an onset, and whether it did."""

    time: np.ndarray
    observed: np.ndarray
    seed: np.ndarray
    runs: tuple

    def __len__(self):
        return len(self.time)

    @property
    def reached(self):
        return int(self.observed.sum())

    def shared(self, other):
        """(this, other) on the seeds that both have, seed by seed."""
        pairs = np.array(statistics.seed_pairs(self.seed.tolist(), other.seed.tolist()), dtype=int).reshape(-1, 2)
        return tuple(sample.select(rows) for sample, rows in zip((self, other), pairs.T))

    def select(self, rows):
        return Sample(self.time[rows], self.observed[rows], self.seed[rows], tuple(self.runs[row] for row in rows))


class Evidence:
    """results: all runs; exact: those whose largest violations are the largest, from files of programs that know of
    coverage. groups: in the order of the paper. files: [(name, program, exact)]"""

    def __init__(self, folder):
        paths = sorted(folder.glob("*.h5"))
        self.files = [(path.name, *_program(path)) for path in paths]
        exact = [path for path, (_, _, known) in zip(paths, self.files) if known]
        others = [path for path in paths if path not in exact]
        self.results = symsweep.load(exact + others).counted() if paths else None
        self.exact = symsweep.load(exact).counted() if exact else None
        self.places, self.groups, self._samples, places = {}, [], {}, {}
        if self.results is None:
            return
        self.known = usual(self.results.configs)
        ended = self.results.runs["status"].isin(facts.ENDED).tolist()
        for position, config in enumerate(self.results.configs):
            if ended[position]:
                places.setdefault(group_of(config, self.known), {}).setdefault(arm(config), []).append(position)
        self.places = dict(zip(told_apart(list(places)), places.values()))
        self.groups = sorted(self.places, key=lambda group: group.order)

    def main_groups(self, domain=None):
        return [g for g in self.groups if g.is_main and g.domain in PAPER and domain in (None, g.domain)]

    def arms(self, group, onset="t_gen"):
        """intervention -> Sample, the baseline first."""
        if (group, onset) not in self._samples:
            found = {name: self._sample(positions, onset) for name, positions in self.places[group].items()}
            names = sorted(found, key=lambda name: (name != "baseline", name))
            self._samples[group, onset] = {name: found[name] for name in names if len(found[name])}
        return self._samples[group, onset]

    def _sample(self, positions, onset):
        """Of several runs of one seed, which are one run looked at for longer or not so long, the longest."""
        part = self.results.select(np.isin(np.arange(len(self.results)), positions))
        best = {}
        for run, time, observed in zip(*statistics.onset_times(part, onset)):
            seed, steps = int(part.runs["seed"][run]), part.runs["steps"][run]
            if seed not in best or steps > best[seed][0]:
                best[seed] = steps, time, observed, run
        seeds = sorted(best)
        return Sample(np.array([best[s][1] for s in seeds], dtype=float), np.array([best[s][2] for s in seeds], dtype=bool),
                      np.array(seeds, dtype=int), tuple(best[s][3] for s in seeds))

    def column(self, sample, name):
        """A column of the table of runs for the runs of a sample; NaN where it is missing."""
        if name not in self.results.runs:
            return np.full(len(sample), np.nan)
        return self.results.runs.loc[list(sample.runs), name].to_numpy(dtype=float, na_value=np.nan)

    def limits(self, sample):
        """The most steps that a run of a sample may take."""
        return max(self.results.configs[self.results.runs.index.get_loc(run)]["steps"] for run in sample.runs)

    @functools.lru_cache(maxsize=None)
    def baselines(self, group):
        """Results of the baseline runs of a setting that measure largest violations as they are and do not stop when they
        have generalized, one a seed, the longest."""
        if self.exact is None:
            return None
        best = {}
        ended = self.exact.runs["status"].isin(facts.ENDED).tolist()
        steps = self.exact.runs["steps"].to_numpy(dtype=float, na_value=0)
        for position, config in enumerate(self.exact.configs):
            whole = ended[position] and config["stop"]["test_accuracy"] == 0
            if whole and arm(config) == "baseline" and setting(config, self.known) == group.key:
                if config["seed"] not in best or steps[position] > steps[best[config["seed"]]]:
                    best[config["seed"]] = position
        return self.exact.select(np.isin(np.arange(len(self.exact)), list(best.values()))) if best else None

    def seconds(self):
        """file -> (runs that ended, runs in all, core-seconds)."""
        found = {}
        for name, _, _ in self.files:
            path = next(p for p in self.results.paths if p.endswith("/" + name))
            runs = symsweep.load(path).counted().runs
            seconds = runs["wall_seconds"].to_numpy(dtype=float, na_value=0) if "wall_seconds" in runs else np.zeros(0)
            found[name] = int(runs["status"].isin(facts.ENDED).sum()), len(runs), float(np.nansum(seconds))
        return found


def _program(path):
    """(commit of the program that made the file, whether it measures largest violations exactly: that program also says
    what share of the inputs its tuples touch)."""
    with symsweep.hdf5.open_results(str(path), 10.0) as file:
        commit = str(symsweep.hdf5.attribute(file, "git_commit") or "")
        families = file.get("symmetry")
        exact = families is not None and any("coverage" in families[name] for name in families)
        return commit, exact and commit not in SAMPLED


def ended(paths, sampled):
    """Identities of the runs that ended in some files; without `sampled` of those whose largest violations are exact."""
    found = set()
    for path in paths:
        told = path.stat()
        found |= _ended(path, sampled, told.st_mtime_ns, told.st_size)
    return found


@functools.lru_cache(maxsize=None)
def _ended(path, sampled, *_):
    if not sampled and not _program(path)[1]:
        return set()
    runs = symsweep.load(path).counted(all=True).runs
    return set(runs["id"][runs["status"].isin(("done", "diverged"))])
