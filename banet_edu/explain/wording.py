"""What was found, in sentences that a clinician reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from banet_edu.explain.severity import CAUSES

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"mm": "mm", "pct": "% of the image diagonal"}
_CAUSE = {cause.name: cause for cause in CAUSES}
_STATUS = {
    "missed": "Nothing was found where the expert outlined something: the object was missed, and no distance can be measured.",
    "hallucinated": "Something was found where the expert outlined nothing: the error is no distance but the finding itself.",
    "both_empty": "The expert outlined nothing and nothing was found: there is no outline to speak of.",
    "no_reference": "Without an expert's outline there is no error to explain. What can be said: where the image shows no "
    "clear edge, and where the network is undecided.",
}


def in_words(
    profile: pd.DataFrame,
    ranking: pd.DataFrame,
    segments: pd.DataFrame,
    error: pd.Series | None,
    unit: str,
    tolerance: float,
) -> list[str]:
    """The findings of `why` as sentences: the error, its causes, the stretches not to be trusted, what is not known."""
    if not len(profile):
        return ["There is no outline: nothing was found, and no reference outlines anything."]
    cohort = profile["name"].nunique() > 1
    sentences = _cases(profile) if cohort else [_STATUS[s] for s in profile["status"].unique() if s in _STATUS]
    if error is not None:
        sentences.append(_how_far(profile, error, unit, tolerance, cohort))
        named = ranking[ranking["named"]]
        sentences += [_cause(row, unit, float(error.mean()), cohort) for _, row in named.iterrows()]
        if named.empty:
            sentences.append(_no_cause(ranking, cohort))
        elif not cohort:
            sentences.append("This is an association within one image, not a proof.")
    else:
        present = ranking[ranking["share"] >= 0.05]
        sentences += [
            f"{row['words'].capitalize()} along {_percent(row['share'])} of the outline: {_CAUSE[row['cause']].there} there."
            for _, row in present.iterrows()
        ]
        if present.empty:
            sentences.append(
                "The edge looks alike all around: no stretch of low contrast, softness or occlusion stands out."
            )
    if not cohort:
        sentences.append(_segments(segments, profile, unit))
    return sentences


def _cases(profile: pd.DataFrame) -> list[str]:
    status = profile.groupby("name")["status"].first().value_counts()
    lines = [f"{len(profile['name'].unique())} images with an outline."]
    for name, words in (
        ("missed", "were missed altogether"),
        ("hallucinated", "have a finding where the expert has none"),
    ):
        if name in status:
            lines.append(f"{status[name]} of them {words}: they have no distance and do not enter what follows.")
    return lines


def _how_far(profile: pd.DataFrame, error: pd.Series, unit: str, tolerance: float, cohort: bool) -> str:
    whose = "the expert's" if (profile["along"] == "reference").all() else "the predicted"
    bias = float(profile.loc[error.index, f"signed_error_{unit}"].mean())
    side = "too large" if bias > 0 else "too small"
    text = (
        f"Along {whose} outline{'s' * cohort} the error is {error.mean():.2g} {UNITS[unit]} on average and "
        f"{error.quantile(0.95):.2g} at the 95th percentile; {_percent((error > tolerance).mean())} is off by more than "
        f"{tolerance:g} {UNITS[unit]}."
    )
    if abs(bias) >= 0.5 * float(error.mean()):
        text += f" The region tends to be {side} ({bias:+.2g} {unit.replace('pct', '%')})."
    return text


def _cause(row: pd.Series, unit: str, mean: float, cohort: bool) -> str:
    cause = _CAUSE[row["cause"]]
    return (
        f"{cause.words.capitalize()} goes with the error: along {_percent(row['share'])} of the outline{'s' * cohort} "
        f"{cause.there}, and the line is off by {row[f'error_there_{unit}']:.2g} {UNITS[unit]} there, by "
        f"{row[f'error_elsewhere_{unit}']:.2g} elsewhere. The other properties held, the difference is "
        f"{row[f'effect_{unit}']:.2g} [{row[f'low_{unit}']:.2g}, {row[f'high_{unit}']:.2g}]; it accounts for "
        f"{_percent(row[f'explains_{unit}'] / mean)} of the mean error. What may help: {cause.advice}."
    )


def _no_cause(ranking: pd.DataFrame, cohort: bool) -> str:
    first = ranking.iloc[0]
    text = "None of the measured properties of the image goes clearly with the error"
    if first["share"] >= 0.05:
        text += f"; the most present is {first['words']}, along {_percent(first['share'])} of the outline{'s' * cohort}"
    return text + ". The cause may be one that is not measured here, such as an unusual appearance of the object."


def _segments(segments: pd.DataFrame, profile: pd.DataFrame, unit: str) -> str:
    if segments.empty:
        return "No stretch of the outline is marked as doubtful."
    step = float(profile.groupby("contour")[f"arc_{unit}"].diff().median())
    share = min(1.0, float(segments[f"length_{unit}"].sum()) / (step * len(profile)))
    parts = [
        f"{clock(row['from_deg'], row['to_deg'])}, {row[f'length_{unit}']:.2g} {UNITS[unit]} ({row['reasons']})"
        for _, row in segments.head(4).iterrows()
    ]
    left = len(segments) - 4
    more = f"; and {left} shorter stretch{'es' * (left > 1)}" if left > 0 else ""
    return (
        f"Not to be trusted without a look at the image, {_percent(share)} of the outline: "
        + "; ".join(parts)
        + more
        + "."
    )


def clock(from_deg: float, to_deg: float) -> str:
    """A direction seen from the centre of the contour, as on a clock face.

    >>> clock(80, 100), clock(350, 10)
    ("at 12 o'clock", "at 3 o'clock")
    """
    turn = (to_deg - from_deg + 180) % 360 - 180
    middle = from_deg + turn / 2
    hour = int(np.rint((90 - middle) / 30)) % 12 or 12
    return f"at {hour} o'clock"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 or share == 0 else "under 1 %"
