"""What is trained, in the order of what it tells most: parts of sweeps/paper/ that can be stopped after each."""

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Piece:
    """Some cases and seeds of a sweep of sweeps/paper/, with a results file of its own.

    keys     dotted path -> value, over what the sweep says; what stands there in grid but for the seed is left out
    sampled  runs with maxima of the sampled kind will do: only accuracies and onsets are used"""

    name: str
    tells: str
    sweep: str
    cases: tuple
    seeds: tuple
    keys: dict = dataclasses.field(default_factory=dict)
    sampled: bool = False


TASKS = 14  # of the paper's Fig. 6, 7 and 9

GRAPH_ARMS = ("triangle all", "triangle train", "distance_symmetry all", "label_pairs all", "label_pairs train", "nuclear 0.01",
              "nuclear 1", "entropy 0.1", "lipschitz 0.01", "grokfast 2")
COMPARISON_ARMS = ("transitivity all", "transitivity train", "antisymmetry all", "antisymmetry train", "label_pairs all",
                   "label_pairs train", "nuclear 0.01", "nuclear 1", "entropy 0.1", "grokfast 2")
TIES = ("consistency all", "consistency train", "label_pairs all", "label_pairs train")
PRIORS = ("nuclear 0.01", "nuclear 1", "entropy 0.1", "grokfast 2")
WEIGHT_ONE = ("entropy 1", "lipschitz 1", "nuclear 1 normalized", "entropy 1 normalized", "lipschitz 1 normalized")
OTHER_COMPARISON = ("trichotomy all", "trichotomy train", "converse all", "converse train", *WEIGHT_ONE)
OTHER_MODULAR = ("commutativity all", "associativity predicted", "translation train", "lipschitz 0.01")
SCALES = ("output scale 0.3", "output scale 3", "embedding scale 0.3", "embedding scale 3")
SCALED = {"steps": 15000, "stop.for_steps": 500}
SIX, EIGHT, TEN = tuple(range(6)), tuple(range(8)), tuple(range(10))


def baselines(name, tells, cases, seeds, **keys):
    return Piece("baseline-" + name, tells, "1-three-stages", cases, seeds, {path.replace("__", "."): v for path, v in keys.items()})


def arms(task, cases, seeds, part="", **keys):
    name = "arms-%s%s" % (task, part and "-" + part)
    return Piece(name, "Fig. 9, App. D: %s" % task, "acceleration-" + task, cases, seeds, keys, sampled=True)


QUEUE = (
    baselines("comparison", "Fig. 6, 7, C: both order relations", ("comparison 7x7", "comparison 3x3x3"), TEN),
    baselines("graphs", "Fig. 6, 7, C: four graphs", ("cycle", "grid", "cylinder", "hypercube"), TEN, steps=6000),
    arms("grid", GRAPH_ARMS, EIGHT),
    arms("cylinder", GRAPH_ARMS, EIGHT),
    arms("cycle", GRAPH_ARMS, EIGHT),
    arms("grid3d", ("baseline", *GRAPH_ARMS), EIGHT),
    arms("comparison", COMPARISON_ARMS, EIGHT),
    baselines("add", "Fig. 6, 7, A.2, wrong answers: add", ("add",), SIX, steps=12000, evaluate__spectra_every=1),
    arms("add", TIES, SIX, "ties", steps=10000),
    Piece("suppression-grid", "negative weights on the grid", "7-suppression", ("grid, triangle -0.1", "grid, triangle -1"), SIX),
    baselines("mul", "Fig. 6, 7, A.2, wrong answers: mul", ("mul",), SIX, steps=15000, evaluate__spectra_every=1),
    arms("add", PRIORS, SIX, "priors", steps=10000),
    Piece("suppression-add", "negative weights on add", "7-suppression",
          ("add, associativity -0.1", "add, associativity -1"), SIX[:3], {"steps": 12000}),
    arms("hypercube", GRAPH_ARMS, EIGHT),
    Piece("scales-prompted", "App. E: consistency at other scales", "5-scales", tuple(scale + ", consistency" for scale in SCALES), (0, 1),
          SCALED),
    Piece("scales", "App. E: other scales alone", "5-scales", SCALES, (0, 1), SCALED),
    Piece("mlp-prompted", "Fig. 8: consistency", "4-mlp", ("consistency 1",), (0, 1), {"steps": 40000}),
    Piece("mlp", "Fig. 8: MLP without weight decay", "4-mlp", ("baseline",), (0, 1), {"steps": 40000}),
    baselines("path", "Fig. 6, 7, C: path", ("path",), TEN, steps=12000),
    baselines("sub", "Fig. 6, 7, A.2: sub", ("sub",), SIX, steps=25000, evaluate__spectra_every=1),
    baselines("lattice", "Fig. 6, C: 7x7x7, one seed", ("grid3d",), (0,), steps=6000, evaluate__every=100),
    baselines("lattice-decay-1", "Fig. 6, C: 7x7x7 at weight decay 1, one seed", ("grid3d",), (0,), steps=15000, evaluate__every=100,
              optimizer__weight_decay=1.0),
    *(arms(task, GRAPH_ARMS, TEN[8:], "more") for task in ("grid", "cylinder", "cycle", "hypercube")),
    arms("grid3d", ("baseline", *GRAPH_ARMS), TEN[8:], "more"),
    arms("comparison", COMPARISON_ARMS, TEN[8:], "more"),
    # What the plan asks for ends here; what follows makes tables fuller.
    Piece("scales-train", "App. E: consistency over train inputs", "5-scales", tuple(scale + ", consistency train" for scale in SCALES),
          (0, 1), SCALED),
    Piece("mlp-controls", "Fig. 8: leak controls", "4-mlp", ("consistency train 1", "label_pairs 1", "label_pairs train 1"), (0, 1),
          {"steps": 40000}),
    arms("comparison", OTHER_COMPARISON, EIGHT, "other"),
    arms("grid", (*WEIGHT_ONE, "triangle forward"), EIGHT, "other"),
    arms("cylinder", (*WEIGHT_ONE, "triangle forward"), EIGHT, "other"),
    arms("grid3d", (*WEIGHT_ONE, "triangle forward"), EIGHT, "other"),
    arms("add", OTHER_MODULAR, SIX, "other", steps=10000),
    baselines("operations", "Fig. 6, 7, A.2: other operations", ("sum_cubed", "circle", "sum_squared"), SIX[:3], steps=30000),
    arms("comparison-3x3x3", ("baseline", *COMPARISON_ARMS), EIGHT),
    arms("mul", (*TIES, *PRIORS), SIX, steps=15000),
    arms("path", GRAPH_ARMS, EIGHT),
    arms("sub", (*TIES, *PRIORS), SIX),
    arms("sum_cubed", ("baseline", *TIES, *PRIORS), SIX),
    arms("circle", ("baseline", *TIES, *PRIORS), SIX),
    arms("sum_squared", ("baseline", *TIES, *PRIORS), SIX),
)


def sweep_of(piece, sweeps, without=()):
    """The sweep of a piece as a dict; `without` are pairs (label, seed) that other files have."""
    content = json.loads((sweeps / (piece.sweep + ".json")).read_text())
    content.pop("$schema", None)
    cases = {case["label"]: case for case in content["cases"]}
    content["name"] = piece.name
    content["cases"] = [{**cases[label], **piece.keys} for label in piece.cases]
    content["grid"] = {"seed": list(piece.seeds)}
    left_out = {}
    for label, seed in without:
        left_out.setdefault(label, []).append(seed)
    if left_out:
        content["exclude"] = [{"label": label, "seed": sorted(seeds)} for label, seeds in left_out.items()]
    return content
