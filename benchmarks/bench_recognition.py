"""Which lift is it? Methods compared on labelled clips whose source was left out of what each of them learnt.

    python -m benchmarks.bench_recognition [CLIPS] [--tracks TRACKS] [--groups 10] [--model full] [--no-write]

Sources (the file name before ``__``) are dealt into groups; the clips of a group are judged by what was learnt from the
other groups, so nobody is recognised by a clip of their own. A source counts as right when all of its clips are. The
table goes to the terminal and to benchmarks/results/recognition.md; the trees of each group are kept in
benchmarks/cache/ for `benchmarks.bench_clips`.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.movements import OTHER
from benchmarks.recognition_data import FEATURES, Cycles, cycles_of
from benchmarks.scores import markdown_table, source_of
from benchmarks.train_recognition import CLASSES, fit, read_data, training_table, write
from formcheck.core.poses import FloatArray
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework import recognition
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.recognition_trees import Trees, other_trees
from formcheck.exercises.framework.working_set import BACKWARDS_DEG

RESULTS = Path(__file__).resolve().parent / "results" / "recognition.md"
FOLDS = Path(__file__).resolve().parent / "cache" / "recognition_groups"

GROUPS = 10
NAMES = tuple(exercise.name for exercise in EXERCISES)

RULES_LIKE, RULES_SHARE = 0.35, 0.6
"""Limits of the rules of 0.1.0: a cycle that is like a lift, and the share of a set that has to be."""

MEMBERSHIP_FLOOR = 0.1
"""In the log-odds version of the rules no similarity counts as less than this."""

BINS, RATIO_MAX = 8, 1.5
"""Naive Bayes: quantile bins a feature, and how much a single one can say."""

CycleTable = list[CycleFeatures]
Answer = Callable[[CycleTable], str]


@dataclass(frozen=True)
class Sample:
    """One labelled clip as a list of cycles."""

    name: str
    source: str
    exercise: str
    kind: str
    cycle_features: CycleTable


def groups_of(sources: Sequence[str], count: int) -> list[set[str]]:
    """Sources dealt into groups at random, always the same; ``count`` 0 = each on its own."""
    order = np.random.default_rng(1).permutation(sorted(set(sources))).tolist()
    return [set(part.tolist()) for part in np.array_split(order, count or len(order))]


# ------------------------------------------------------------------------------------------------------------ methods


def rules(cycle_features: CycleTable) -> str:
    """Rules of 0.1.0: products of memberships, and a clear majority of the movement."""
    total = sum(features.rise for features in cycle_features)
    if total <= 0:
        return OTHER
    found = []
    for exercise in EXERCISES:
        like = [exercise.similarity(features) for features in cycle_features]
        share = sum(s.rise for s, one in zip(cycle_features, like, strict=True) if one >= RULES_LIKE) / total
        found.append(
            (sum(s.rise * one for s, one in zip(cycle_features, like, strict=True)) / total, share, exercise.name)
        )
    _, share, name = max(found)
    return name if share >= RULES_SHARE else OTHER


def rules_as_log_odds(cycle_features: CycleTable) -> str:
    """The same rules with a floor, added up over the set instead of counted."""
    weights = np.clip([features.rise for features in cycle_features], *recognition.RISE_COUNTED)
    logs = np.array(
        [[np.log(max(e.similarity(features), MEMBERSHIP_FLOOR)) for e in EXERCISES] for features in cycle_features]
    )
    pooled = weights @ logs / weights.sum()
    return NAMES[int(pooled.argmax())] if pooled.max() >= np.log(RULES_LIKE) else OTHER


def by_probabilities(predict: Callable[[FloatArray], FloatArray]) -> Answer:
    """The lift with the highest mean log-odds against other movements, if that is above the product's own limit."""

    def answer(cycle_features: CycleTable) -> str:
        table = np.array([[getattr(features, name) for name in FEATURES] for features in cycle_features])
        logs = np.log(np.maximum(predict(table), recognition.PROBABILITY_FLOOR))
        weights = np.clip([features.rise for features in cycle_features], *recognition.RISE_COUNTED)
        pooled = weights @ (logs[:, :-1] - logs[:, -1:]) / weights.sum()
        return CLASSES[int(pooled.argmax())] if pooled.max() >= recognition.RECOGNISED_FROM else OTHER

    return answer


def _estimator(model: object, real: Cycles, drawn: Cycles) -> Answer:
    features, label, weights = training_table(real, drawn)
    step = {"logisticregression__sample_weight": weights} if hasattr(model, "steps") else {"sample_weight": weights}
    fitted = model.fit(features, label, **step)  # type: ignore[attr-defined]
    order = [list(fitted.classes_).index(name) for name in CLASSES]
    return by_probabilities(lambda table: fitted.predict_proba(table)[:, order])


def logistic(real: Cycles, drawn: Cycles) -> Answer:
    """Logistic regression, missing numbers at their median."""
    steps = SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=0.3, max_iter=300)
    return _estimator(make_pipeline(*steps), real, drawn)


def boosting(real: Cycles, drawn: Cycles) -> Answer:
    """Gradient boosting on histograms."""
    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=10, learning_rate=0.1, l2_regularization=5.0, random_state=0
    )
    return _estimator(model, real, drawn)


def naive_bayes(real: Cycles, drawn: Cycles) -> Answer:
    """Every number on its own: log-odds of its quantile bin, limited, nothing where it was not measured."""
    features, label, weights = training_table(real, drawn)
    edges = np.nanpercentile(features, np.linspace(0, 100, BINS + 1)[1:-1], axis=0)
    counts = np.full((len(CLASSES), features.shape[1], BINS), 1.0)
    for column in range(features.shape[1]):
        known = np.isfinite(features[:, column])
        bins = np.searchsorted(edges[:, column], features[known, column])
        for row, name in enumerate(CLASSES):
            of_class = label[known] == name
            counts[row, column] += np.bincount(bins[of_class], weights[known][of_class], minlength=BINS)
    logs = np.log(counts / counts.sum(axis=2, keepdims=True))
    ratios = np.clip(logs - logs[-1:], -RATIO_MAX, RATIO_MAX)

    def predict(table: FloatArray) -> FloatArray:
        total = np.zeros((len(table), len(CLASSES)))
        for column in range(table.shape[1]):
            known = np.isfinite(table[:, column])
            total[known] += ratios[:, column, np.searchsorted(edges[:, column], table[known, column])].T
        # The numbers are far from independent: their sum is divided as if only a third of them were.
        odds = np.exp(np.clip(total / 3.0, -20, 20))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    return by_probabilities(predict)


def trees_alone(trees: Trees) -> Answer:
    """The trees without the rules."""
    return by_probabilities(lambda table: trees.probabilities([CycleFeatures(*row) for row in table]))


def product(trees: Trees) -> Answer:
    """Trees and rules together, as `formcheck.exercises.framework.recognition` does it."""

    def answer(cycle_features: CycleTable) -> str:
        with other_trees(trees):
            found = recognition.recognise(cycle_features, EXERCISES).exercise
        return found.name if found else OTHER

    return answer


# ---------------------------------------------------------------------------------------------------------- the table


def scores(samples: Sequence[Sample], answers: dict[str, str]) -> list[str]:
    """Lifts and other movements told right: clips, and sources with all of their clips."""
    cells = []
    for lifts in (True, False):
        of_kind = [sample for sample in samples if (sample.exercise != OTHER) is lifts]
        right = {sample.name: answers[sample.name] == sample.exercise for sample in of_kind}
        sources = sorted({sample.source for sample in of_kind})
        whole = sum(all(right[s.name] for s in of_kind if s.source == source) for source in sources)
        cells += [f"{sum(right.values())} of {len(right)}", f"{whole} of {len(sources)} ({whole / len(sources):.0%})"]
    return cells


def main() -> None:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=Path)
    parser.add_argument("--tracks", type=Path)
    parser.add_argument("--groups", type=int, default=GROUPS)
    parser.add_argument("--model", default="full")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    clips, real, drawn = read_data(options.clips, options.tracks, options.model)
    if not clips:
        raise SystemExit("There are no labelled clips: give their folder, or set FORMCHECK_CLIPS.")
    samples = []
    for clip, poses in clips:
        cycle_features = [features for _, features in cycles_of(poses)] if np.isfinite(poses.world_m).any() else []
        credible = [features for features in cycle_features if not features.trunk_lean_deg < BACKWARDS_DEG]
        samples.append(Sample(clip.name, source_of(clip.name), clip.exercise, clip.kind, credible))
    answers: dict[str, dict[str, str]] = {}

    def ask(method: str, answer: Answer, asked: Sequence[Sample]) -> None:
        for sample in asked:
            answers.setdefault(method, {})[sample.name] = (
                answer(sample.cycle_features) if sample.cycle_features else OTHER
            )

    ask("rules of 0.1.0: products of memberships", rules, samples)
    ask("the rules as log-odds with a floor, pooled over the set", rules_as_log_odds, samples)
    FOLDS.mkdir(parents=True, exist_ok=True)
    drawn_only = fit(real, drawn, real_share=0.0)
    ask("extra trees, drawn movements only", trees_alone(drawn_only), samples)
    for number, left_out in enumerate(groups_of([sample.source for sample in samples], options.groups)):
        asked = [sample for sample in samples if sample.source in left_out]
        others = real.part(~np.isin(real.source, sorted(left_out)))
        ask("naive Bayes on all numbers", naive_bayes(others, drawn), asked)
        ask("logistic regression", logistic(others, drawn), asked)
        ask("gradient boosting", boosting(others, drawn), asked)
        ask("extra trees, clips only", trees_alone(fit(others, drawn, real_share=1.0)), asked)
        trees = fit(others, drawn)
        write(trees, FOLDS / f"{number}.npz")
        (FOLDS / f"{number}.txt").write_text("\n".join(sorted(left_out)), encoding="utf-8")
        ask("extra trees, clips and drawn movements", trees_alone(trees), asked)
        ask("**the same and the rules (in use)**", product(trees), asked)
        print(f"group {number + 1}: {', '.join(sorted(left_out))}", flush=True)
    header = ("method", "lifts named, clips", "sources", "others kept out, clips", "sources")
    table = markdown_table(header, [[method, *scores(samples, found)] for method, found in answers.items()])
    wrong = [
        f"- `{sample.name}` ({sample.kind}): taken for {answers[list(answers)[-1]][sample.name]}"
        for sample in samples
        if answers[list(answers)[-1]][sample.name] != sample.exercise
    ]
    text = "\n".join(
        [
            "# Which lift is it: methods compared\n",
            "Made by `make bench-recognition`. Every clip was judged by what was learnt without its source; rules were",
            "made by hand with the first 55 clips, so their figures are a fit. What was tried is in",
            "`docs/recognition.md`.\n",
            table,
            "\nTold wrong by what is in use:\n",
            *(wrong or ["None."]),
        ]
    )
    print(text)
    if not options.no_write:
        RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
