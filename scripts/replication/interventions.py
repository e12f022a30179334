"""The sections of docs/paper.md on what is added to training: symmetry losses, priors, GrokFast, their weights turned round."""

import math

import pages
from pages import NOTHING
from symsweep import statistics

from . import pictures, plan, verdicts
from .sections import PRIMARY, Claim, Section, middle, own
from .verdicts import RULES, SEEDS, Outcome, Verdict, verdict

PRIORS = ("nuclear", "entropy", "lipschitz")
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


# ---- Fig. 8 ----

def mlp(page):
    groups = [g for g in page.evidence.groups if g.model == "mlp" and "baseline" in page.evidence.arms(g)]
    says = ("without weight decay a two-layer MLP still reaches perfect test accuracy (80 % train)",
            "symmetry constraints bring that forward by up to two orders of magnitude")
    title, where = "Without weight decay (Fig. 8)", ("Fig. 8, §6.3", "Fig. 8, §8.5")
    if not groups:
        return Section(title, "Not trained yet.\n", tuple(Claim(w, s, "", Verdict(verdicts.UNDECIDED, "not trained"))
                                                          for w, s in zip(where, says)))
    group = max(groups, key=lambda g: len(page.evidence.arms(g)["baseline"]))
    samples = page.evidence.arms(group)
    base = samples["baseline"]
    rows, words = [], {}
    for name, sample in samples.items():
        leak = middle(100 * page.evidence.column(sample, _leaky(name)))
        rows.append([name, pages.median_cell(sample.time, sample.observed),
                     _ratio_text(sample, base) if name != "baseline" else NOTHING,
                     middle(page.evidence.column(sample, "final.test_accuracy")),
                     middle(page.evidence.column(sample, "final.test_accuracy_unmirrored")), leak])
        words[name] = len(sample) >= SEEDS["mlp"] and sample.reached == len(sample) and sample.time.max() < base.time.min()
    perfect = page.evidence.arms(group, "test_accuracy_first_1.0")["baseline"]
    alone = Outcome(None, verdicts.plural(len(base), "seed"))
    if len(base) >= SEEDS["mlp"]:
        alone = Outcome(True) if perfect.reached == len(base) else Outcome(
            None, "%d of %s by %g steps (the paper trains for 100,000)" % (perfect.reached, verdicts.plural(len(base), "run"), base.time.max()))
    faster = "consistency all" in samples and len(samples["consistency all"]) >= SEEDS["mlp"]
    best = samples["consistency all"] if faster else None
    judged = Verdict(verdicts.UNDECIDED, "consistency not trained")
    if faster:
        times = base.time.min() / best.time.max()
        least = "" if base.reached == len(base) else "at least "
        judged = Verdict(verdicts.HOLDS if words["consistency all"] and times >= RULES["orders"] else
                         verdicts.IN_PART if words["consistency all"] else verdicts.NOT_HERE,
                         "%s%.2g times, %s" % (least, times, _seeds(len(best))))
    text = (page.picture("mlp", "Test accuracy of the MLP over training, alone and with symmetry losses",
                         pictures.curves(page.evidence, [group], [*samples]))
            + "Adam's ε is %g. " % page.evidence.results.configs[page.evidence.places[group]["baseline"][0]]["optimizer"]["epsilon"]
            + "Steps to 99 % test accuracy, and accuracy at the last step; *unmirrored*: on test inputs whose mirror is not in the train set; "
            "*derived*: share of the test inputs (%) whose label follows from train labels through the loss.\n\n"
            + pages.table(["intervention", "t_gen", "times sooner", "test accuracy", "unmirrored", "derived"], rows)
            + "\n\n" + _controls(samples, base) + "\n")
    told = "; ".join("%s %s" % (name, pages.median_text(s.time, s.observed)) for name, s in samples.items())
    return Section(title, text, (Claim(where[0], says[0], "first 100 % at " + pages.median_cell(perfect.time, perfect.observed), verdict({group.title: alone})),
                                 Claim(where[1], says[1], told, judged)))


def _seeds(count):
    return "%s seeds" % NUMBERS.get(count, count)


def _leaky(name):
    """Column of the share of test labels that follow through the intervention's family."""
    family = name.split()[0]
    return "%s.leak" % ("associativity" if family == "consistency" else family)


def _controls(samples, base):
    ties, mine = samples.get("label_pairs all"), samples.get("consistency all")
    if ties is None or mine is None:
        return "The control `label_pairs` is not trained yet."
    train = samples.get("consistency train")
    told = "The control, ties of equal labels over all inputs that know no symmetry, gets there at %s, consistency at %s." % (
        pages.median_text(ties.time, ties.observed), pages.median_text(mine.time, mine.observed))
    if train is not None:
        told += " Over train inputs alone, where no label of the test set can follow, consistency takes %s, against %s without it." % (
            pages.median_cell(train.time, train.observed), pages.median_cell(base.time, base.observed))
    return told


# ---- Fig. 9, App. D ----

def acceleration(page):
    compared = [g for g in page.groups if page.compared[g]]
    prompted, trained, ties = page.by_arm(own("all")), page.by_arm(own("train")), page.by_arm(lambda g: "label_pairs all")
    titled = {g.title: g for g in compared}
    better = {t: verdicts.sooner_than_all(page.sample(g, own("all")(g)), _priors(page, g)) for t, g in titled.items()}
    over_ties = {t: verdicts.duel(page.sample(g, own("all")(g)), page.sample(g, "label_pairs all")) for t, g in titled.items()}
    any_prior = {t: _any(page.compared[g], [n for n in page.compared[g] if n.startswith(PRIORS)]) for t, g in titled.items()}
    ones = [name for name in ["%s 1" % p for p in PRIORS] if any(name in page.compared[g] for g in compared)]
    weight_one = {t: _any(page.compared[g], ones) for t, g in titled.items()}
    grokfast = {t: c.word for t, c in page.by_arm(lambda g: "grokfast 2").items() if c is not None}
    where = "Fig. 9, App. D, §8.4"
    claims = (
        Claim(where, "symmetry losses bring generalization forward, on all tasks", _medians(page, own("all")), all_sooner(prompted, plan.TASKS)),
        Claim(where, "the same over train inputs alone (a leak control, not in the paper)", _medians(page, own("train")), all_sooner(trained, plan.TASKS)),
        Claim(where, "symmetry losses help more than geometry priors", "against every prior of a task, seed by seed", verdict(better, planned=plan.TASKS)),
        Claim(where, "geometry priors can bring it forward", "some prior sooner than the baseline", verdict(any_prior, planned=plan.TASKS)),
        Claim(where, "they do at the paper's weight of 1", "%s as defined here" % ", ".join(ones), verdict(weight_one, planned=plan.TASKS)),
        Claim(where, "GrokFast helps on some tasks and delays others", _medians(page, lambda g: "grokfast 2"), verdicts.dependence(grokfast)),
    )
    if not compared:
        return Section("Acceleration (Fig. 9, App. D)", "Not trained yet.\n", claims)
    panels = [(domain, [n for n in PRIMARY[domain] if any(n in page.compared[g] for g in compared if g.domain == domain)],
               {g.title: {n: (c.ratio, c.word) for n, c in page.compared[g].items()} for g in compared
                if g.domain == domain and page.sample(g, "baseline") is not None})
              for domain in PRIMARY]
    text = (page.picture("acceleration", "Times sooner than the baseline, for every intervention and task", pictures.speed_ups(panels),
                         "Open: no difference shown. At the left edge: half of the runs did not get there; at the right: half of the "
                         "baseline's did not. Lines are 95 % intervals; one that reaches an edge is open there.")
            + "Median steps to 99 % test accuracy (runs that got there, if not all), and how many times sooner than the baseline on the seeds "
            "that both have. **Bold**: sooner by the test below. ↓: later. ✗: no run got there in these steps, and the baseline did. ?: "
            "undecided. The others show no difference. Interventions have the paper's weight of 1 unless a number says otherwise; *all* and *train* say which inputs a symmetry loss draws from; "
            "`consistency` is commutativity and associativity together.\n\n"
            + "\n\n".join(_matrix(page, [g for g in compared if g.domain == domain]) for domain in PRIMARY
                          if any(g.domain == domain for g in compared))
            + "\n\nTests are exact signed-rank tests over pairs of one seed, after Holm over the interventions in the table of a task; where "
            "seeds are too few for that to reach %g, log-rank tests after Holm, if all pairs that tell an order tell the same. Interventions beyond the "
            "first table are a family of their own.\n\n" % RULES["level"]
            + "**Counted as the paper counts**, by the first evaluation with 100 %% test accuracy, the symmetry loss over all inputs is sooner "
            "on %s.\n\n" % all_sooner(page.by_arm(own("all"), page.perfect)).text
            + "**What the leak controls say.** " + _leaks(page, prompted, trained, ties, over_ties) + "\n\n" + _details(page, compared))
    return Section("Acceleration (Fig. 9, App. D)", text, claims)


def all_sooner(compared, planned=0):
    return verdict({task: verdicts.is_sooner(c) for task, c in compared.items()}, planned=planned)


def _any(compared, names):
    found = [verdicts.is_sooner(compared[name]) for name in names if name in compared]
    decided = [outcome for outcome in found if outcome.holds is not None]
    if not decided:
        return found[0] if found else Outcome(None, "not trained")
    if any(outcome.holds for outcome in decided):
        return Outcome(True)
    return Outcome(False, " or ".join(dict.fromkeys(outcome.reason for outcome in decided)))


def _priors(page, group):
    return {n: s for n, s in page.evidence.arms(group).items() if n.startswith(PRIORS)}


def _medians(page, name):
    told = []
    for g in page.groups:
        base, sample = page.sample(g, "baseline"), page.sample(g, name(g))
        if base is not None and sample is not None:
            told.append("%s %s → %s" % (g.title, pages.median_text(base.time, base.observed), pages.median_text(sample.time, sample.observed)))
    return "; ".join(told)


def _cell(page, group, name):
    sample, found = page.sample(group, name), page.compared[group].get(name)
    if sample is None:
        return ""
    text = pages.median_text(sample.time, sample.observed)
    if sample.reached < len(sample):
        text += " (%d of %d)" % (sample.reached, len(sample))
    if found is None:
        return text
    if found.word == verdicts.UNDECIDED:
        return text + " ?"
    if found.word == verdicts.NEVER:
        return "✗"
    ratio = found.ratio.estimate
    if math.isfinite(ratio) and ratio > 0:
        text += ", ×%.2g" % ratio
    return "**%s**" % text if found.word == verdicts.SOONER else text + " ↓" if found.word == verdicts.LATER else text


def _matrix(page, groups):
    names = [n for n in PRIMARY[groups[0].domain] if any(page.sample(g, n) is not None for g in groups)]
    head = ["intervention", *(g.title for g in groups)]
    seeds = ["seeds (of the baseline)", *(_seeds_cell(page, g) for g in groups)]
    steps = ["steps at most", *("%d" % page.steps(g) for g in groups)]
    return pages.table(head, [seeds, steps, *([n, *(_cell(page, g, n) for g in groups)] for n in ("baseline", *names))])


def _seeds_cell(page, group):
    counts = [len(sample) for sample in page.chosen(group).values()] or [0]
    return "%s (%d)" % ("–".join(dict.fromkeys("%d" % n for n in (min(counts), max(counts)))), len(page.sample(group, "baseline") or ()))


def _leaks(page, prompted, trained, ties, over_ties):
    told = []
    shares = [(g.title, middle(100 * page.evidence.column(page.sample(g, own("all")(g)), _leaky(own("all")(g))))) for g in page.groups
              if page.sample(g, own("all")(g)) is not None]
    if shares:
        told.append("Through the symmetry loss over all inputs, this share of the test labels follows from train labels: %s."
                    % "; ".join("%s %s %%" % pair for pair in shares if pair[1] != NOTHING))
    for what, outcomes in (("Ties of equal labels over all inputs, which know no symmetry, are sooner than the baseline",
                            {t: verdicts.is_sooner(c) for t, c in ties.items()}),
                           ("The symmetry loss over all inputs is sooner than those ties", over_ties),
                           ("Over train inputs alone, where nothing can leak, it is sooner than the baseline",
                            {t: verdicts.is_sooner(c) for t, c in trained.items()})):
        judged = verdict(outcomes)
        told.append("%s: %s." % (what, judged.text if judged.word != verdicts.UNDECIDED else "undecided (%s)" % judged.text))
    return " ".join(told)


def _ratio_text(sample, base):
    """Times sooner on the seeds that both have."""
    a, b = sample.shared(base) if sample and base else ((), ())
    return pages.ratio_text((a.time, a.observed), (b.time, b.observed)) if len(a) else NOTHING


def _details(page, groups):
    """Every intervention of every task, folded away."""
    parts = []
    for g in groups:
        base = page.sample(g, "baseline")
        rows = []
        for name, sample in page.evidence.arms(g).items():
            found = page.compared[g].get(name)
            interval = statistics.bootstrap_median(sample.time, sample.observed)
            ends = "–".join("%g" % end if math.isfinite(end) else "∞" for end in (interval.lower, interval.upper)) if sample.reached else NOTHING
            rows.append([name, pages.median_cell(sample.time, sample.observed), ends,
                         _ratio_text(sample, base) if name != "baseline" else NOTHING,
                         NOTHING if found is None or math.isnan(found.p) else "%.2g (%s)" % (found.p, found.test),
                         NOTHING if found is None else found.word + (": " + found.reason if found.reason else ""),
                         middle(100 * page.evidence.column(sample, _leaky(name))),
                         middle(page.evidence.column(sample, "final.test_accuracy_unmirrored"))])
        parts.append("<details><summary>%s, every intervention</summary>\n\n%s\n\n</details>" % (g.title, pages.table(
            ["intervention", "t_gen", "95 % interval", "times sooner", "p", "against the baseline", "derived (%)", "unmirrored at the end"], rows)))
    return "\n\n".join(parts) + "\n"


# ---- App. E ----

def scales(page):
    scaled = [g for g in page.evidence.groups if g.model == "transformer" and g.scales != (1, 1)]
    says = "the consistency loss brings generalization forward at every scale of the output and of the initial embedding"
    title = "Scales of output and embedding (App. E)"
    if not scaled:
        return Section(title, "Not trained yet.\n", (Claim("App. E, §8.5", says, "", Verdict(verdicts.UNDECIDED, "not trained")),))
    plain = [g for g in page.groups if g.title in {s.title for s in scaled} and g.published == scaled[0].published]
    rows, drawn, pooled, outcomes = [], [], {"consistency all": [], "consistency train": []}, {}
    for group in [*plain, *sorted(scaled, key=lambda g: g.scales)]:
        samples = page.evidence.arms(group)
        base = samples.get("baseline")
        name = "output %g, embedding %g" % group.scales
        cells = [pages.median_cell(base.time, base.observed) if base else NOTHING]
        for arm in pooled:
            sample = samples.get(arm)
            cells += [pages.median_cell(sample.time, sample.observed) if sample else NOTHING, _ratio_text(sample, base)]
            pooled[arm] += _pairs(sample, base) if sample and base else []
            if arm == "consistency all":
                outcomes[name] = verdicts.duel(sample, base, SEEDS["scales"])
        rows.append([name, *cells])
        drawn.append((name, samples))
    tests = {arm: _together(found) for arm, found in pooled.items()}
    adjusted = dict(zip(tests, statistics.holm([test.p_value for test in tests.values()])))
    told = ", ".join("%s p = %.2g over %s of a scale and a seed" % (arm, adjusted[arm], verdicts.plural(tests[arm].pairs, "pair")) for arm in tests
                     if not math.isnan(adjusted[arm]))
    judged = verdict(outcomes, "scale")
    if judged.word == verdicts.HOLDS and not adjusted["consistency all"] <= RULES["level"]:
        judged = Verdict(verdicts.UNDECIDED, "%s; all together not significant" % judged.text)
    text = (page.picture("scales", "Steps to generalization at every scale, alone and with consistency", pictures.times(drawn, ["baseline", *pooled]))
            + "Addition; 1, 1 is as published. Steps to 99 % test accuracy.\n\n"
            + pages.table(["scale", "alone", "consistency, all inputs", "times sooner", "consistency, train inputs", "times sooner"], rows)
            + "\n\nExact signed-rank tests, after Holm: %s. " % (told or "not enough trained")
            + "Pairs of one seed at two scales share a split. Over all inputs the labels of the test set follow from train labels through "
            "associativity; over train inputs they do not.\n")
    return Section(title, text, (Claim("App. E, §8.5", says, told, judged),))


def _pairs(a, b):
    """[(time, observed, time of the other, observed)] on the seeds that both have."""
    a, b = a.shared(b)
    return list(zip(a.time, a.observed, b.time, b.observed))


def _together(pairs):
    return statistics.signed_rank(*(list(column) for column in zip(*pairs))) if pairs else statistics.SignedRank(math.nan, math.nan, 0)


# ---- suppression ----

def suppression(page):
    rows, outcomes, pooled = [], {}, []
    for group in page.groups:
        samples = page.evidence.arms(group)
        base = samples.get("baseline")
        for name, sample in samples.items():
            weight = name.rsplit(" ", 1)[-1]
            if not weight.startswith("-") or base is None:
                continue
            test = _together(_pairs(base, sample))
            rows.append([group.title, name, pages.median_cell(base.time, base.observed), pages.median_cell(sample.time, sample.observed),
                         NOTHING if math.isnan(test.p_value) else "%.2g" % test.p_value,
                         middle(page.evidence.column(sample, "final.test_accuracy"))])
            if weight == "-1":
                pooled += _pairs(base, sample)
                outcomes["%s, %s" % (group.title, name.rsplit(" ", 1)[0])] = verdicts.duel(base, sample, SEEDS["suppression"])
    says = "training away from the symmetry (negative weight) delays or prevents generalization"
    where, title = "conference version", "Suppression (conference version)"
    if not rows:
        return Section(title, "Not trained yet.\n", (Claim(where, says, "", Verdict(verdicts.UNDECIDED, "not trained")),))
    test = _together(pooled)
    told = "weight −1, all tasks: p = %.2g over %s" % (test.p_value, verdicts.plural(test.pairs, "pair")) if test.pairs else ""
    text = ("The violation is rewarded, each tuple's up to 10 nat. p: exact signed-rank test over seeds that generalization is later; few "
            "seeds cannot get far below 1 by themselves%s.\n\n" % (", so that tasks are also tested together: " + told if told else "")
            + pages.table(["task", "intervention", "t_gen alone", "t_gen suppressed", "p", "test accuracy at the end"], rows)
            + "\n\nThe paper's numbers for this are not known here.\n")
    return Section(title, text, (Claim(where, says, told, verdict(outcomes) if outcomes else Verdict(verdicts.UNDECIDED, "weight −1 not trained")),))
