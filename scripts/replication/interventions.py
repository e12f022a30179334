"""The sections of docs/paper.md on what is added to training: symmetry losses, priors, GrokFast, their weights turned round."""

import math

import pages
from pages import NOTHING
from symsweep import statistics

from . import pictures, verdicts
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
    group = groups[0]
    samples = page.evidence.arms(group)
    base = samples["baseline"]
    rows, words = [], {}
    for name, sample in samples.items():
        leak = middle(100 * page.evidence.column(sample, _leaky(name)))
        rows.append([name, pages.median_cell(sample.time, sample.observed),
                     pages.ratio_text((sample.time, sample.observed), (base.time, base.observed)) if name != "baseline" else NOTHING,
                     middle(page.evidence.column(sample, "final.test_accuracy")),
                     middle(page.evidence.column(sample, "final.test_accuracy_unmirrored")), leak])
        words[name] = len(sample) >= SEEDS["mlp"] and sample.reached == len(sample) and sample.time.max() < base.time.min()
    alone = Outcome(base.reached == len(base)) if len(base) >= SEEDS["mlp"] else Outcome(None, "%d seeds" % len(base))
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
            + "Steps to 99 % test accuracy, and accuracy at the last step; *unmirrored*: on test inputs whose mirror is not in the train set; "
            "*derived*: share of the test inputs (%) whose label follows from train labels through the loss.\n\n"
            + pages.table(["intervention", "t_gen", "times sooner", "test accuracy", "unmirrored", "derived"], rows)
            + "\n\n" + _controls(samples, base) + "\n")
    alone_text = Verdict(verdict({group.title: alone}).word, "%d of %d runs by %g steps" % (base.reached, len(base), base.time.max()))
    told = "; ".join("%s %s" % (name, pages.median_text(s.time, s.observed)) for name, s in samples.items())
    return Section(title, text, (Claim(where[0], says[0], "t_gen " + pages.median_cell(base.time, base.observed), alone_text),
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
    titled = {page.title(g): g for g in compared}
    better = {t: verdicts.duel(page.sample(g, own("all")(g)), _best_prior(page, g)) for t, g in titled.items()}
    over_ties = {t: verdicts.duel(page.sample(g, own("all")(g)), page.sample(g, "label_pairs all")) for t, g in titled.items()}
    any_prior = {t: _any(page.compared[g], [n for n in page.compared[g] if n.startswith(PRIORS)]) for t, g in titled.items()}
    weight_one = {t: _any(page.compared[g], ["%s 1" % p for p in PRIORS]) for t, g in titled.items()}
    grokfast = {t: c.word for t, c in page.by_arm(lambda g: "grokfast 2").items() if c is not None}
    where = "Fig. 9, App. D, §8.4"
    claims = (
        Claim(where, "symmetry losses bring generalization forward, on all tasks", _medians(page, own("all")), all_sooner(prompted)),
        Claim(where, "the same over train inputs alone (a leak control, not in the paper)", _medians(page, own("train")), all_sooner(trained)),
        Claim(where, "symmetry losses help more than geometry priors", "against the best prior of each task, seed by seed", verdict(better)),
        Claim(where, "geometry priors can bring it forward", "some prior sooner than the baseline", verdict(any_prior)),
        Claim(where, "they do at the paper's weight of 1", "nuclear, entropy, Lipschitz as they are defined here", verdict(weight_one)),
        Claim(where, "GrokFast helps on some tasks and delays others", _medians(page, lambda g: "grokfast 2"), verdicts.dependence(grokfast)),
    )
    if not compared:
        return Section("Acceleration (Fig. 9, App. D)", "Not trained yet.\n", claims)
    perfect = {g: page.comparisons(g, "test_accuracy_first_1.0") for g in page.groups}
    panels = [(domain, [n for n in PRIMARY[domain] if any(n in page.compared[g] for g in compared if g.domain == domain)],
               {page.title(g): {n: (c.ratio, c.word) for n, c in page.compared[g].items()} for g in compared if g.domain == domain})
              for domain in PRIMARY]
    text = (page.picture("acceleration", "Times sooner than the baseline, for every intervention and task; open: no difference shown; ×: half of the runs did not get there; ▸: the baseline did not", pictures.speed_ups(panels))
            + "Median steps to 99 % test accuracy (runs that got there, if not all), and how many times sooner than the baseline. **Bold**: "
            "sooner by the test below. ↓: later. ✗: no run got there, and the baseline did. The others show no difference. Interventions have "
            "the paper's weight of 1 unless a number says otherwise; *all* and *train* say which inputs a symmetry loss draws from; "
            "`consistency` is commutativity and associativity together.\n\n"
            + "\n\n".join(_matrix(page, [g for g in compared if g.domain == domain]) for domain in PRIMARY
                          if any(g.domain == domain for g in compared))
            + "\n\nTests are exact signed-rank tests over pairs of one seed, after Holm over the interventions in the table of a task; where "
            "seeds are too few for that to reach %g, log-rank tests after Holm, if all pairs that tell an order tell the same. Interventions beyond the "
            "first table are a family of their own.\n\n" % RULES["level"]
            + "**Counted as the paper counts**, by the first evaluation with 100 %% test accuracy, the symmetry loss over all inputs is sooner "
            "on %s.\n\n" % all_sooner(page.by_arm(own("all"), perfect)).text
            + "**What the leak controls say.** " + _leaks(page, prompted, trained, ties, over_ties) + "\n\n" + _details(page, compared))
    return Section("Acceleration (Fig. 9, App. D)", text, claims)


def all_sooner(compared):
    return verdict({task: verdicts.is_sooner(c) for task, c in compared.items()}) if compared else Verdict(verdicts.UNDECIDED, "not trained")


def _any(compared, names):
    found = [verdicts.is_sooner(compared[name]) for name in names if name in compared]
    decided = [outcome for outcome in found if outcome.holds is not None]
    if not decided:
        return found[0] if found else Outcome(None, "not trained")
    return Outcome(any(outcome.holds for outcome in decided))


def _best_prior(page, group):
    """The sample of the prior with the shortest median."""
    samples = {n: s for n, s in page.evidence.arms(group).items() if n.startswith(PRIORS)}
    if not samples:
        return None
    return min(samples.values(), key=lambda s: (statistics.kaplan_meier(s.time, s.observed).median, -s.reached))


def _medians(page, name):
    told = []
    for g in page.groups:
        base, sample = page.sample(g, "baseline"), page.sample(g, name(g))
        if base is not None and sample is not None:
            told.append("%s %s → %s" % (page.title(g), pages.median_text(base.time, base.observed), pages.median_text(sample.time, sample.observed)))
    return "; ".join(told)


def _cell(page, group, name):
    sample, found = page.sample(group, name), page.compared[group].get(name)
    if sample is None:
        return ""
    text = pages.median_text(sample.time, sample.observed)
    if sample.reached < len(sample):
        text += " (%d of %d)" % (sample.reached, len(sample))
    if found is None or found.word == verdicts.UNDECIDED:
        return text
    if found.word == verdicts.NEVER:
        return "✗"
    ratio = found.ratio.estimate
    if math.isfinite(ratio) and ratio > 0:
        text += ", ×%.2g" % ratio
    return "**%s**" % text if found.word == verdicts.SOONER else text + " ↓" if found.word == verdicts.LATER else text


def _matrix(page, groups):
    names = [n for n in PRIMARY[groups[0].domain] if any(page.sample(g, n) is not None for g in groups)]
    head = ["intervention", *("%s" % page.title(g) for g in groups)]
    seeds = ["seeds", *("%d" % max((len(s) for s in page.evidence.arms(g).values()), default=0) for g in groups)]
    return pages.table(head, [seeds, *([n, *(_cell(page, g, n) for g in groups)] for n in ("baseline", *names))])


def _leaks(page, prompted, trained, ties, over_ties):
    told = []
    shares = [(page.title(g), middle(100 * page.evidence.column(page.sample(g, own("all")(g)), _leaky(own("all")(g))))) for g in page.groups
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


def _details(page, groups):
    """Every intervention of every task, folded away."""
    parts = []
    for g in groups:
        base = page.sample(g, "baseline")
        rows = []
        for name, sample in page.evidence.arms(g).items():
            found = page.compared[g].get(name)
            interval = statistics.bootstrap_median(sample.time, sample.observed)
            ends = "–".join("%g" % end if math.isfinite(end) else "∞" for end in (interval.lower, interval.upper))
            rows.append([name, pages.median_cell(sample.time, sample.observed), ends,
                         NOTHING if base is None or name == "baseline" else pages.ratio_text((sample.time, sample.observed), (base.time, base.observed)),
                         NOTHING if found is None or math.isnan(found.p) else "%.2g (%s)" % (found.p, found.test),
                         NOTHING if found is None else found.word + (": " + found.reason if found.reason else ""),
                         middle(100 * page.evidence.column(sample, _leaky(name))),
                         middle(page.evidence.column(sample, "final.test_accuracy_unmirrored"))])
        parts.append("<details><summary>%s, every intervention</summary>\n\n%s\n\n</details>" % (page.title(g), pages.table(
            ["intervention", "t_gen", "95 % interval", "times sooner", "p", "", "derived (%)", "unmirrored at the end"], rows)))
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
            cells += [pages.median_cell(sample.time, sample.observed) if sample else NOTHING,
                      pages.ratio_text((sample.time, sample.observed), (base.time, base.observed)) if sample and base else NOTHING]
            for i, j in statistics.seed_pairs(sample.seed.tolist(), base.seed.tolist()) if sample and base else []:
                pooled[arm].append((sample.time[i], sample.observed[i], base.time[j], base.observed[j]))
            if arm == "consistency all":
                outcomes[name] = _every_pair(sample, base)
        rows.append([name, *cells])
        drawn.append((name, samples))
    tests = {arm: statistics.signed_rank(*map(list, zip(*found))) if found else None for arm, found in pooled.items()}
    adjusted = dict(zip(tests, statistics.holm([math.nan if t is None else t.p_value for t in tests.values()])))
    told = ", ".join("%s p = %.2g over %d pairs of a scale and a seed" % (arm, adjusted[arm], tests[arm].pairs) for arm in tests
                     if tests[arm] and not math.isnan(adjusted[arm]))
    text = (page.picture("scales", "Steps to generalization at every scale, alone and with consistency", pictures.times(drawn, ["baseline", *pooled]))
            + "Addition; 1, 1 is as published. Steps to 99 % test accuracy.\n\n"
            + pages.table(["scale", "alone", "consistency, all inputs", "times sooner", "consistency, train inputs", "times sooner"], rows)
            + "\n\nExact signed-rank tests, after Holm: %s. " % (told or "not enough trained")
            + "Over all inputs the labels of the test set follow from train labels through associativity; over train inputs they do not.\n")
    return Section(title, text, (Claim("App. E, §8.5", says, told, verdict(outcomes, "scales")),))


def _every_pair(sample, base):
    """Few seeds: sooner where it is with every one of them."""
    if sample is None or base is None:
        return Outcome(None, "not trained")
    pairs = statistics.seed_pairs(sample.seed.tolist(), base.seed.tolist())
    if len(pairs) < SEEDS["scales"]:
        return Outcome(None, "%d seeds" % len(pairs))
    return Outcome(all(sample.observed[i] and sample.time[i] < base.time[j] for i, j in pairs))


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
            pairs = statistics.seed_pairs(sample.seed.tolist(), base.seed.tolist())
            found = [(base.time[j], base.observed[j], sample.time[i], sample.observed[i]) for i, j in pairs]
            test = statistics.signed_rank(*map(list, zip(*found))) if found else statistics.SignedRank(math.nan, math.nan, 0)
            rows.append([page.title(group), name, pages.median_cell(base.time, base.observed), pages.median_cell(sample.time, sample.observed),
                         NOTHING if math.isnan(test.p_value) else "%.2g" % test.p_value,
                         middle(page.evidence.column(sample, "final.test_accuracy"))])
            if weight == "-1":
                pooled += found
                few = len(found) < SEEDS["suppression"]
                outcomes[page.title(group)] = (
                    Outcome(None, "%d seeds" % len(found)) if few else Outcome(None, "neither gets there") if test.pairs == 0
                    else Outcome(test.pairs == len(found) and verdicts.one_way(test)))
    says = "training away from the symmetry (negative weight) delays or prevents generalization"
    where, title = "conference version", "Suppression (conference version)"
    if not rows:
        return Section(title, "Not trained yet.\n", (Claim(where, says, "", Verdict(verdicts.UNDECIDED, "not trained")),))
    test = statistics.signed_rank(*map(list, zip(*pooled))) if pooled else None
    told = "weight −1, all tasks: p = %.2g over %d pairs" % (test.p_value, test.pairs) if test and test.pairs else ""
    text = ("The violation is rewarded, each tuple's up to 10 nat. p: exact signed-rank test over seeds that generalization is later; three "
            "seeds cannot get below 0.125 by themselves%s.\n\n" % (", so that tasks are also tested together: " + told if told else "")
            + pages.table(["task", "intervention", "t_gen alone", "t_gen suppressed", "p", "test accuracy at the end"], rows)
            + "\n\nThe paper's numbers for this are not known here.\n")
    return Section(title, text, (Claim(where, says, told, verdict(outcomes) if outcomes else Verdict(verdicts.UNDECIDED, "weight −1 not trained")),))
