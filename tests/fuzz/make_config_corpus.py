#!/usr/bin/python3
"""Writes the seeds of config_fuzzer.c into tests/fuzz/corpus/config: one file for each construct of a sweep."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus" / "config"
BASE = {"task": {"kind": "modular"}}
SEEDS = {
    "minimal": {"run": BASE},
    "names": {"name": "n\u00e4me", "description": "text", "output": "out.h5", "$schema": "s", "run": BASE},
    "grid": {"run": BASE, "grid": {"seed": {"range": [0, 3]}, "optimizer.beta1": {"linspace": [0.1, 0.3, 3]},
                                   "optimizer.weight_decay": {"logspace": [0.01, 1, 3]}, "model.d_model": [32, 64]}},
    "zip": {"run": BASE, "zip": {"task.p": [5, 7], "steps": [10, 20]}},
    "cases": {"run": BASE, "cases": [{"label": "a"}, {"label": "b", "geometry.nuclear.weight": 0.1},
                                     {"task": {"operation": "mul"}, "symmetry": {"consistency": {"weight": 1}}}]},
    "random": {"run": BASE, "random": {"samples": 2, "sampler_seed": 3, "seed": {"integer": [0, 9]},
                                       "train_fraction": {"uniform": [0.2, 0.4]}, "task.p": {"choice": [5, 7]},
                                       "optimizer.learning_rate": {"log_uniform": [1e-4, 1e-2]}}},
    "graph": {"run": {"task": {"kind": "graph", "graph": "cylinder", "sides": [3, 4]},
                      "symmetry": {"triangle": {"weight": 1, "divergence": "forward_kl", "until_step": "end"}}}},
    "comparison": {"run": {"task": {"kind": "comparison", "form": "three_way", "sides": [3, 3, 3], "attribute": 2}}},
    "group": {"run": {"task": {"kind": "group", "group": "product", "factors": [2, 3]},
                      "optimizer": {"kind": "muon", "batch_size": "full", "muon": {"momentum": 0.9}}}},
    "expression": {"run": {"task": {"kind": "modular", "operation": "expression", "expression": "x^2 - 3*y/z", "p": 7}}},
    "word": {"run": {"task": {"kind": "group", "group": "alternating", "n": 4, "expression": "x*y*x^-1"}}},
    "planted": {"run": {"task": {"kind": "planted", "n": 12, "symmetry_order": 4, "scramble": "isotope", "table_seed": 7}}},
    "parity": {"run": {"task": {"kind": "parity", "bits": 6, "relevant": 2}}},
    "mlp": {"run": {**BASE, "model": {"kind": "mlp", "layers": 2}, "evaluate": {"snapshot_steps": [0, 5, 9, {"range": [10, 90, 10]}]},
                    "symmetry": {"associativity": {"tuples_per_step": "all", "intermediate": "predicted"}}}},
}
TEXTS = {
    "escapes": '{"name": "\\u00e4\\ud83d\\ude00\\n\\\\", "run": {"task": {"kind": "modular"}}}',
    "faults": '{"run": {"task": {"kind": "modular",}, "seed": NaN, "seed": 1e400, /* c */ "x": 9007199254740993}} y',
    "truncated": '{"run": {"task": {"kind": "mod',
    "deep": '{"run": ' + "[" * 70,
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, sweep in SEEDS.items():
        (FOLDER / (name + ".json")).write_text(json.dumps(sweep))
    for name, text in TEXTS.items():
        (FOLDER / (name + ".json")).write_text(text)


if __name__ == "__main__":
    main()
