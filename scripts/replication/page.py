"""docs/paper.md from evidence: the sections on what training does by itself, the findings, the page."""

import math
import re

import numpy as np
import pages
from pages import NOTHING
from symsweep import drawing, states, statistics
from symsweep.drawing import plt

from . import interventions, pictures, plan, verdicts
from .sections import Claim, Page, Section, column, middle, onset, own, solved, with_baselines
from .verdicts import RULES, SEEDS, Outcome, Verdict, verdict

MEASURED = {"modular": ("associativity",), "graph": ("triangle",), "comparison": ("transitivity", "trichotomy")}
AGREEING = {"modular": ("associativity", "translation", "negation"), "graph": ("distance_symmetry",), "comparison": ("converse",)}


# ---- Fig. 6, App. A ----

def stages(page):
    rows, memory, symmetry, geometry = [], {}, {}, {}
    for group, part in with_baselines(page):
        t_mem, t_gen, t_geo, t_sym, perfect = (column(part, name) for name in
                                               ("t_mem", "t_gen", "t_geo", "t_sym", "test_accuracy_first_1.0"))
        there, all_right, settled = np.isfinite(t_gen), np.isfinite(perfect), np.isfinite(t_gen) & np.isfinite(t_geo)
        counts = [int((t_mem[there] < t_gen[there]).sum()), int((t_sym[all_right] <= perfect[all_right]).sum()),
                  int((t_gen[settled] < t_geo[settled]).sum())]
        name = page.title(group)
        for outcomes, count, of in zip((memory, symmetry, geometry), counts, (there.sum(), all_right.sum(), settled.sum())):
            outcomes[name] = verdicts.shown(count, int(of))
        rows.append([name, *(onset(part, o) for o in ("t_mem", "t_sym", "t_gen", "test_accuracy_first_1.0", "t_geo")),
                     "%d of %d" % (counts[0], there.sum()), "%d of %d" % (counts[1], all_right.sum()),
                     "%d of %d" % (counts[2], settled.sum())])
    if not rows:
        return Section("Three stages (Fig. 6, App. A)", "No baseline is trained yet.\n", tuple(
            Claim("Fig. 6, App. A", says, "", Verdict(verdicts.UNDECIDED, "not trained")) for says in STAGES))
    text = (page.picture("stages", "Accuracy, largest and mean violation, effective dimension over training", pictures.stages(page.evidence))
            + "Median steps over seeds and, in brackets, how many reached it. t_mem and t_gen are the first evaluations with 99 % train "
            "and test accuracy; t_sym is the step from which the largest violation stays at 1 nat or less; *100 %* is the first "
            "evaluation with every test answer right, which is what the paper calls generalization; t_geo is the step from which the "
            "effective dimension stays within max(1, 10 %) of its last value. The order of two onsets is counted over runs that reached "
            "what it needs.\n\n"
            + pages.table(["task", "t_mem", "t_sym", "t_gen", "100 %", "t_geo", "t_mem < t_gen", "t_sym ≤ 100 %", "t_gen < t_geo"], rows)
            + "\n\nOf the largest violation this is nearly a tautology on operations: where every train answer is right and no "
            "associative tuple is violated by much, every test answer is right. Which came first is better asked of answers that are "
            "still wrong, in the next section.\n")
    where = "Fig. 6, App. A, §6.1"
    return Section("Three stages (Fig. 6, App. A)", text, (
        Claim(where, STAGES[0], "t_mem < t_gen in %s" % _told(rows, -3), verdict(memory)),
        Claim(where, STAGES[1], "largest violation ≤ 1 nat by the first 100 %% in %s" % _told(rows, -2), verdict(symmetry)),
        Claim(where, STAGES[2], "t_gen < t_geo in %s" % _told(rows, -1), verdict(geometry))))


STAGES = ("memorization comes before generalization",
          "perfect test accuracy comes when the violation has fallen to a threshold (symmetry acquisition)",
          "the embedding organizes last, as its dimension falls")


def _told(rows, at):
    counts = np.array([[int(n) for n in row[at].split(" of ")] for row in rows]).sum(axis=0)
    return "%d of %d runs" % tuple(counts)


# ---- consistent but wrong ----

def agreeing(page):
    """task, family -> (steps by which agreement comes before t_gen, accuracy there, runs that generalized)."""
    found = {}
    for group, part in with_baselines(page):
        wrong = pages.Wrong(part)
        for family in AGREEING.get(group.domain, ()):
            if family in wrong.excess and np.isfinite(wrong.excess[family]).any():
                at = wrong.first(family)
                rows = np.flatnonzero((at >= 0) & np.isfinite(wrong.t_gen))
                before = wrong.t_gen[rows] - wrong.step[rows, at[rows]]
                found[page.title(group), family] = before, wrong.accuracy[rows, at[rows]], int(np.isfinite(wrong.t_gen).sum()), wrong.row(family)
    return found


def wrong_answers(page):
    found = agreeing(page)
    says = "symmetry is acquired before generalization (what §6.1 needs, and its violations cannot show)"
    if not found:
        return Section("Wrong answers that agree", "No baseline with this measure is trained yet. [dial.md](dial.md#consistent-but-wrong) has "
                       "it at small size.\n", (Claim("§6.1", says, "", Verdict(verdicts.UNDECIDED, "not trained")),))
    outcomes = {}
    for (task, family), (before, _, runs, _) in found.items():
        if family == AGREEING["modular"][0]:
            outcomes[task] = (verdicts.shown(int((before > 0).sum()), runs, SEEDS["wrong"]))
    groups = [g for g, _ in with_baselines(page, "modular")]
    text = (page.picture("wrong", "Test accuracy and agreement of wrong answers beyond chance, medians",
                         pictures.wrong_answers(page.evidence, groups, AGREEING["modular"]))
            + "Of pairs of test inputs that a symmetry ties, neither the mirror of the other's train copy, both answered wrongly: the "
            "share s that gets the *same* wrong answer (after the class map), less what chance gives, c. Nothing here depends on right "
            "answers. The table has the first evaluation with s − c > %g; medians with the smallest and largest.\n\n" % pages.Wrong.APART
            + pages.table(["task", "symmetry", "step", "test accuracy there", "steps before t_gen", "runs"],
                          [[task, family, *row] for (task, family), (*_, row) in found.items()])
            + "\n\nOperands share an embedding, so that commutativity says nothing here and is left out. [science.md](science.md#measures) "
            "defines s and c.\n")
    here = "; ".join("%s: %g steps before t_gen" % (task, np.median(before)) for (task, family), (before, *_) in found.items()
                     if family == "associativity" and len(before))
    judged = verdict(outcomes) if outcomes else Verdict(verdicts.UNDECIDED, "no operation trained")
    return Section("Wrong answers that agree", text, (Claim("§6.1", says, here, judged),))


# ---- Fig. 7, App. B ----

def threshold(page):
    rows, own_ones, best = [], {}, {}
    for group, part in with_baselines(page):
        seeds = part.runs["seed"].nunique()
        for family in (*MEASURED.get(group.domain, ()), "label_pairs"):
            found = states.of(part, family, "max")
            if not len(found):
                continue
            tests = [found.separate(level) for level in states.LEVELS]
            solved_states = int(found.solved(1.0).sum())
            rows.append([page.title(group), family + (" (control)" if family == "label_pairs" else ""), "%d" % seeds, "%d" % len(found),
                         "%d" % solved_states, middle([states.auc(found.value, found.solved(1.0))])]
                        + [cell for test in tests for cell in _threshold_cells(test)])
            outcome = verdicts.separates(tests[1], solved_states, len(found), seeds)
            if family == MEASURED[group.domain][0]:
                own_ones[page.title(group)] = outcome
            best.setdefault(family, {})[page.title(group)] = outcome
    says = "a soft threshold of the largest violation separates solved from unsolved states, on every task (20 runs a task)"
    if not rows:
        return Section("A threshold (Fig. 7, App. B)", "No baseline is trained yet.\n",
                       (Claim("Fig. 7, App. B, §6.2", says, "", Verdict(verdicts.UNDECIDED, "not trained")),))
    control = verdict(best.get("label_pairs", {}))
    told = "The control knows no symmetry: random pairs of equal labels. By the same rule its largest violation %s (%s)." % (
        {verdicts.HOLDS: "separates as well", verdicts.IN_PART: "separates in part"}.get(control.word, "does not separate"), control.text)
    told += _vacuous(best)
    text = (page.picture("threshold", "Largest violation against test accuracy, with thresholds", pictures.threshold(page.evidence))
            + "Every evaluation of every baseline run is a point, from step 0 on. The threshold is calibrated on every other seed and "
            "judged on the rest, for 99 %% and for 100 %% test accuracy; the error is the share of the other seeds' states on its wrong "
            "side, with its interval over seeds. AUC: how often a state with 100 %% violates less than one without. It separates where the "
            "error at 100 %% is at most %g %% and at most half of what calling all states alike gets wrong.\n\n" % (100 * RULES["error"])
            + pages.table(["task", "symmetry", "seeds", "states", "at 100 %", "AUC", "τ for 99 % (nat)", "error", "τ for 100 % (nat)", "error"], rows)
            + "\n\n" + told + "\n")
    here = "; ".join("%s %s" % (row[0], row[-1]) for row in rows if row[1] == MEASURED.get(_domain(page, row[0]), ("",))[0])
    return Section("A threshold (Fig. 7, App. B)", text, (Claim("Fig. 7, App. B, §6.2", says, "error at 100 %: " + here, verdict(own_ones)),))


def _domain(page, title):
    return next(g.domain for g in page.groups if page.title(g) == title)


def _threshold_cells(test):
    if math.isnan(test.threshold):
        return NOTHING, test.reason
    return "%.2g" % test.threshold, "%.2g %% (%.2g–%.2g), %d of %d" % (100 * test.error_rate, 100 * test.lower, 100 * test.upper, *test.test)


def _vacuous(best):
    """Whether transitivity or trichotomy separates on order relations."""
    both = [verdict(best[name]) for name in ("transitivity", "trichotomy") if name in best]
    if len(both) < 2:
        return ""
    return (" On order relations the paper's transitivity looks only at > queries whose answer is no; %s (%s). Trichotomy, of the three "
            "relations exactly one, %s (%s)." % (_separates(both[0]), both[0].text, _separates(both[1]), both[1].text))


def _separates(judged):
    return {verdicts.HOLDS: "it separates", verdicts.IN_PART: "it separates in part", verdicts.NOT_HERE: "it does not separate",
            verdicts.UNDECIDED: "whether it separates is undecided"}[judged.word]


# ---- Fig. 1, 2, 4, App. C, Table A.2 ----

def geometry(page):
    circles, lattices = {}, {}
    operations, others = [], []
    for group, part in with_baselines(page):
        done, name = solved(part), page.title(group)
        cells = [name, "%d of %d" % (done.sum(), len(part)), middle(column(part, "final.effective_dimension")[done])]
        if group.domain == "modular":
            top5 = column(part, "final.fourier_top5")
            circles[name] = verdicts.reaches(top5, RULES["top5"], done)
            operations.append([*cells, middle(column(part, "final.fourier_frequencies90")[done]), middle(top5[done]),
                               middle(column(part, "final.circularity")[done])])
        else:
            measure = "distance_spearman" if group.domain == "graph" else "order_spearman"
            values = column(part, "final." + measure)
            lattices[name] = verdicts.reaches(values, RULES["correlation"], done)
            others.append([*cells, measure, middle(values[done]), middle(column(part, "final.stress")[done])])
    says = ("operations with a group behind them end on circles (a closed helix), as predicted",
            "embeddings of graphs and order relations take the shape of the task")
    undecided = Verdict(verdicts.UNDECIDED, "not trained")
    text = page.picture("pairs", "Principal components 1 to 4 of the embedding after training", pictures.pairs(page.evidence))
    if operations:
        text += ("Medians over runs that generalized, at their last step. *Top 5*: share of the power on the five strongest characters of the "
                 "task's group (Table A.2 names the group: residues for sums and differences, discrete logarithms for products); *frequencies*: "
                 "how many hold 90 %. Circularity is 1 where each principal component is one frequency; two frequencies of equal strength "
                 "mix and come near 0.5.\n\n"
                 + pages.table(["operation", "generalized", "effective dimension", "frequencies", "top 5", "circularity"], operations) + "\n\n")
    if others:
        text += ("`distance_spearman`: correlation of distances in the embedding with distances in the graph; `order_spearman`: of the best "
                 "component with each attribute; over the first eight components.\n\n"
                 + pages.table(["task", "generalized", "effective dimension", "measure", "median", "stress"], others) + "\n\n")
    return Section("Geometry (Fig. 1, 2 and 4, App. C, Table A.2)", text or "No baseline is trained yet.\n", (
        Claim("Fig. 1, 4, Table A.2", says[0], "; ".join("%s top 5 %s" % (r[0], r[4]) for r in operations), verdict(circles) if circles else undecided),
        Claim("Fig. 2, App. C", says[1], "; ".join("%s %s" % (r[0], r[4]) for r in others), verdict(lattices) if lattices else undecided)))


# ---- Table 1 ----

def identities(page):
    rows, outcomes = [], {}
    results = page.evidence.results
    for group in page.groups if results is not None else []:
        families = {"modular": ("commutativity", "associativity"), "graph": ("triangle",), "comparison": ("transitivity",)}.get(group.domain, ())
        position = next(p for positions in page.evidence.places[group].values() for p in positions)
        cells, holds = [], []
        for family in families:
            name = "%s.holds" % family
            value = results.runs[name].iloc[position] if name in results.runs else None
            if not statistics.is_missing(value):
                holds.append(bool(value == 1))
                cells.append("%s: %s" % (family, "true" if holds[-1] else "false"))
        if cells:
            rows.append([page.title(group), ", ".join(cells)])
            outcomes[page.title(group)] = Outcome(all(holds))
    says = "every task has its identities: commutativity and associativity (by proxies), the triangle equality, transitivity"
    text = ("Whether an identity is true of the task's table, as the program finds it.\n\n" + pages.table(["task", "identities"], rows) + "\n") if rows else "Nothing is trained yet.\n"
    return Section("The identities (Table 1, §5)", text, (Claim("Table 1, §5", says, "", verdict(outcomes)),))


# ---- the findings that are new ----

def findings(page):
    return (_finding_wrong(page), _finding_ties(page), _finding_priors(page))


def _finding_wrong(page):
    told = ["on %s, %g steps (%g–%g) before 99 %%, at a test accuracy of %.2f, in %d of %d runs"
            % (task, np.median(before), before.min(), before.max(), np.median(accuracy), (before > 0).sum(), runs)
            for (task, family), (before, accuracy, runs, _) in agreeing(page).items() if family == "associativity" and len(before)]
    what = ("**Wrong answers agree before right ones come.** While test accuracy stands still, test inputs that associativity ties are given "
            "the same wrong answer more often than chance has it (s − c > %g)" % pages.Wrong.APART)
    if not told:
        return what + " at small size ([dial.md](dial.md#consistent-but-wrong)); at the paper's it is not trained yet."
    return "%s: %s. That is symmetry before generalization, shown without the tautology of a small violation." % (what, "; ".join(told))


def _finding_ties(page):
    faster, told = [], []
    for g in page.groups:
        mine, ties = page.sample(g, own("all")(g)), page.sample(g, "label_pairs all")
        if mine is None or ties is None:
            continue
        a, b = (statistics.kaplan_meier(s.time, s.observed).median for s in (mine, ties))
        told.append("%s %s against %s" % (page.title(g), pages.median_text(ties.time, ties.observed), pages.median_text(mine.time, mine.observed)))
        faster.append(b <= a)
    what = "**Equal labels do much of what symmetry losses do.** "
    if not told:
        return what + "So it is at small size ([claims.md](claims.md)); at the paper's it is not trained yet."
    trained = interventions.all_sooner(page.by_arm(own("train")))
    return (what + "A loss that ties random inputs of equal label, and knows no symmetry, gets to 99 %% no later than the task's own symmetry "
            "loss on %d of %d tasks (median t_gen: %s). Over train inputs, where no label of the test set can follow, the symmetry loss is "
            "sooner than the baseline on %s." % (sum(faster), len(faster), "; ".join(told), trained.text or "none that is decided"))


def _finding_priors(page):
    told, wins, never = [], [], [0, 0]
    for g in page.groups:
        mine, prior, one = page.sample(g, own("all")(g)), page.sample(g, "nuclear 0.01"), page.sample(g, "nuclear 1")
        if one is not None:
            never[0] += one.reached
            never[1] += len(one)
        if mine is not None and prior is not None:
            told.append("%s %s against %s" % (page.title(g), pages.median_text(prior.time, prior.observed), pages.median_text(mine.time, mine.observed)))
            wins += [page.title(g)] if verdicts.duel(prior, mine).holds else []
    what = "**A prior's weight decides what it seems to do.** "
    if not told or not never[1]:
        return what + "So it is at small size ([claims.md](claims.md)); at the paper's it is not trained yet."
    return (what + "The nuclear norm at the paper's weight of 1 lets %d of %d runs get to 99 %% (as it is defined here: the plain sum of singular "
            "values of the embedding). At 0.01 it takes, against the symmetry loss over all inputs (median t_gen): %s. %s" % (
                never[0], never[1], "; ".join(told),
                "On %s it is the sooner of the two, seed by seed: there the paper's order of symmetry over geometry is turned round."
                % " and ".join(wins) if wins else "On no task is it the sooner of the two, seed by seed."))


# ---- what was trained ----

def trained(page):
    evidence, rows, total = page.evidence, [], 0.0
    pieces = {piece.name + ".h5": piece for piece in page.queue}
    seconds = evidence.seconds()
    for name, commit, exact in evidence.files:
        ended, runs, spent = seconds[name]
        total += spent / 3600
        rows.append([name, pieces[name].tells if name in pieces else "", "%d of %d" % (ended, runs), "%.2f" % (spent / 3600),
                     commit[:7] or NOTHING, "" if exact else "largest violations sampled"])
    missing = [piece.name for piece in page.queue if piece.name + ".h5" not in seconds]
    text = pages.table(["results file", "what", "runs that ended", "core-hours", "program", ""], [*rows, ["all", "", "", "%.1f" % total, "", ""]])
    text += ("\n\nCore-hours are wall time of runs that ended, one core each. Files whose largest violations are sampled count for accuracies "
             "and their onsets alone. Of runs that several files have, one counts.\n")
    if missing:
        text += "\nNot begun: %s.\n" % ", ".join(missing)
    return text


RULES_TEXT = """A claim is split into the same statement about each task. **holds**: true on every task that is decided; **holds in part**: on
some; **does not hold here**: on none; **undecided**: no task is decided, and why. Tasks that are not decided are named beside any verdict.
The rules, as `scripts/replication/verdicts.py` has them:

- p-values count as significant up to {level}, after Holm over the interventions of a task. *Later* is tested like *sooner*. Two
  interventions are compared with each other by one signed-rank test.
- An order of onsets holds on a task where {share:.0f} % of the runs show it; it takes {order} runs that reached what it needs.
- *Sooner* takes {sooner} seeds, a threshold {threshold}, suppression {suppression}, the MLP and scales {mlp}: there every run, or every pair of one
  seed, has to say the same.
- An embedding has the shape of its task where the correlation reaches {correlation}; it is a few circles where five characters hold {top5:.0f} %
  of its power.
- A run that has not reached an onset is censored at its last step. Medians are Kaplan-Meier medians, *> 2500* says that half of the
  runs had not got there by then. Intervals are bootstrap intervals at 95 %, of ratios and medians over runs.
- Where a setting was trained in several sweeps, its runs are taken together by their configuration, one a seed.

[claims.md](claims.md) has the same claims at small size, [analysis.md](analysis.md#how-the-numbers-are-made) how the statistics are made.
"""

INTRODUCTION = """# The paper at its own size

*Intrinsic Task Symmetry Drives Generalization in Algorithmic Tasks* (Hwang and Park, arXiv 2603.01968) says that small networks which grok
first memorize, then acquire the symmetry of their task, whereupon they generalize, and organize their embedding last; that the
violation of the symmetry tells when; and that asking for the symmetry in the loss brings generalization forward. This page puts every
claim, figure and table of it to the test at its settings: one-layer transformer, width 128, four heads, MLP 512, AdamW at 1e-3, full
batch; modulus 113 with 30 % of the table in the train set and weight decay 1, graphs with 80 % and 3, order relations with 20 % and 1.
The paper trains for at most 100,000 steps, with 20 seeds for its threshold and three for its interventions.

It is written by `scripts/paper FOLDER` from results files, which the same command trains ([sweeps/paper](../sweeps/README.md)); the same files
give the same page. Those of this page are in [results](results/README.md). Where the paper shows a number in a figure only, no number of it stands here. Its Fig. 3 and 5 illustrate; its
Propositions 7.1 to 7.3 are proofs and are not tested. Its 3D lattice has 7×7×7 nodes; interventions are compared on 4×4×4 here.
"""


def flow(text):
    """Paragraphs and items on one line each."""
    return re.sub(r"(?<!\n)\n(?:  )?(?![\n\-#|<])", " ", text.rstrip("\n")) + "\n"


def write(evidence, folder, queue=plan.QUEUE):
    """docs/paper.md and its pictures, below `folder`; `queue` is what was to be trained."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    drawing.be_quiet()
    with plt.rc_context(drawing.STYLE):
        text = compose(Page(evidence, folder, queue))
    (folder / "paper.md").write_text(text)


def compose(page):
    """The page; its pictures are saved on the way."""
    sections = [part(page) for part in (stages, wrong_answers, threshold, interventions.mlp, interventions.acceleration,
                                          interventions.scales, geometry, interventions.suppression, identities)]
    claims = [claim for section in sections for claim in section.claims]
    parts = [flow(INTRODUCTION), "## Three findings that are new\n\n" + "\n".join("%d. %s" % (k + 1, text) for k, text in enumerate(findings(page))) + "\n",
             "## Verdicts\n\n" + pages.table(["where", "the paper says", "what came out here", "verdict"],
                                             [[c.where, c.says, c.here or NOTHING, str(c.verdict)] for c in claims])
             + "\n\n[How verdicts are given](#how-verdicts-are-given) says by which rules.\n"]
    parts += ["## %s\n\n%s" % (section.title, section.text) for section in sections]
    parts.append("## What was trained\n\n" + trained(page))
    names = {**RULES, **SEEDS, **{rule: 100 * RULES[rule] for rule in ("share", "top5")}}
    parts.append("## How verdicts are given\n\n" + flow(RULES_TEXT.format(**names)))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)
