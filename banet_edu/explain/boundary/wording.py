"""What was found, in sentences that a clinician reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from banet_edu.explain.boundary.hours import clock
from banet_edu.explain.boundary.severity import CAUSES
from banet_edu.explain.boundary.tables import Profile, UnitTable

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"mm": "mm", "pct": "% of the image diagonal"}
FEWEST = 40  # points of an outline from which `why` looks for causes
FEWEST_IMAGES = 8  # of a cohort, from which it gives intervals and names causes
_CAUSE = {cause.name: cause for cause in CAUSES}
_NOT_FOLLOWED = (
    "One of the two outlines cannot be followed point by point: its region fills the image, or is too small or thin. "
    "Distances between whole outlines (ASSD, HD) need no such walk."
)
_STATUS = {
    "missed": "Nothing was found where the expert outlined something: the object was missed, and no distance can be measured.",
    "hallucinated": "Something was found where the expert outlined nothing: the error is no distance but the finding itself.",
    "both_empty": "The expert outlined nothing and nothing was found: there is no outline to speak of.",
    "no_reference": "Without an expert's outline there is no error to explain.",
}


def in_words(
    profile: Profile, ranking: UnitTable, segments: UnitTable, error: pd.Series | None, tolerance: float
) -> list[str]:
    """The findings of `why` as sentences: the error, its causes, where to look first, what is not known."""
    if not len(profile):
        return ["There is no outline to follow: nothing is found and outlined, or a region fills the image or is tiny."]
    cohort = profile["name"].nunique() > 1
    sentences = _cases(profile) if cohort else [_STATUS[s] for s in profile["status"].unique() if s in _STATUS]
    if error is None and not sentences:
        sentences.append(_NOT_FOLLOWED)
    if error is not None:
        sentences.append(_how_far(profile, error, tolerance, cohort))
        named = ranking[ranking["named"]]
        sentences += [_cause(row, profile.unit, float(error.mean()), cohort) for row in named.rows()]
        if len(error) < FEWEST:
            sentences.append(f"With {len(error)} points the outline is too short to look for causes.")
        elif cohort and (images := profile.loc[error.index, "name"].nunique()) < FEWEST_IMAGES:
            are = "image with an error is" if images == 1 else "images with an error are"
            sentences.append(f"{images} {are} too few to tell causes from chance: eight are needed.")
        elif named.empty:
            sentences.append(_no_cause(ranking, float(error.mean()), cohort))
        elif not cohort:
            sentences.append("This is an association within one image, not a proof.")
    else:
        present = ranking[ranking["share"] >= 0.05]
        sentences += [
            f"{row['words'].capitalize()} along {_percent(row['share'])} of the outline{'s' * cohort}: "
            f"{_CAUSE[row['cause']].there} there."
            for row in present.rows()
        ]
        if present.empty:
            sentences.append(
                "The edge looks alike all around: no stretch of low contrast, softness or occlusion stands out."
            )
    if not cohort:
        sentences.append(_segments(segments, profile))
    return sentences


def _cases(profile: Profile) -> list[str]:
    status = profile.groupby("name")["status"].first().value_counts()
    lines = [f"{len(profile['name'].unique())} images with an outline."]
    for name, one, more in (
        ("missed", "was missed altogether: it has", "were missed altogether: they have"),
        (
            "hallucinated",
            "has a finding where the expert has none: it has",
            "have a finding where the expert has none: they have",
        ),
    ):
        if name in status:
            words = f"{one} no distance and does" if status[name] == 1 else f"{more} no distance and do"
            lines.append(f"{status[name]} of them {words} not enter what follows.")
    if "no_reference" in status:
        verb = "has" if status["no_reference"] == 1 else "have"
        lines.append(f"{status['no_reference']} of them {verb} no expert's outline to compare with.")
    return lines


def _how_far(profile: Profile, error: pd.Series, tolerance: float, cohort: bool) -> str:
    unit, bias = profile.unit, float(profile.measured("signed_error").mean())
    side = "too large" if bias > 0 else "too small"
    text = (
        f"Along {whose(profile.loc[error.index])} outline{'s' * cohort} the error is {number(float(error.mean()))} "
        f"{UNITS[unit]} on average and {number(float(error.quantile(0.95)))} at the 95th percentile; "
        f"{_percent((error > tolerance).mean())} is off by more than {tolerance:g} {UNITS[unit]}."
    )
    if abs(bias) >= 0.5 * float(error.mean()):
        text += f" The region tends to be {side} (bias {number(bias, '+')} {unit.replace('pct', '%')})."
    return text


def whose(profile: pd.DataFrame) -> str:
    """Whose outline the rows follow, for sentences: "the expert's" or "the predicted"."""
    return "the expert's" if (profile["along"] == "reference").all() else "the predicted"


def _cause(row: dict[str, Any], unit: str, mean: float, cohort: bool) -> str:
    cause = _CAUSE[row["cause"]]
    there, elsewhere = row["error_there"], row["error_elsewhere"]
    text = (
        f"{cause.words.capitalize()} goes with the error: along {_percent(row['share'])} of the outline{'s' * cohort} "
        f"{cause.there}"
    )
    if there == there:  # not nan: there are such places among those with an error
        text += f", and the line is off by {number(there)} {UNITS[unit]} there"
        text += f", by {number(elsewhere)} elsewhere" if elsewhere == elsewhere else ""
    return (
        f"{text}. The other properties held, the difference is {number(row['effect'])} {UNITS[unit]} (95 % interval "
        f"{number(row['low'])} to {number(row['high'])}); it accounts for {_percent(row['explains'] / mean)} of the mean "
        f"error. What may help: {cause.advice}."
    )


def _no_cause(ranking: UnitTable, mean: float, cohort: bool) -> str:
    """Nothing is named; a property of a stretch too short to be named may still be mentioned."""
    short = ranking[(ranking.measured("low") > 0) & (ranking.measured("explains") >= 0.1 * mean)]
    if row := next(short.rows(), None):
        return (
            f"No property of the image is present along enough of the outline{'s' * cohort} to be named as a cause. But along "
            f"{_percent(row['share'])} of it {_CAUSE[row['cause']].there} ({row['words']}), and the line is off by "
            f"{number(row['error_there'])} {UNITS[ranking.unit]} there, by {number(row['error_elsewhere'])} elsewhere."
        )
    first = ranking.iloc[int(ranking["share"].argmax())]
    text = "None of the measured properties of the image goes clearly with the error"
    if first["share"] >= 0.05:
        text += f"; the most present is {first['words']}, along {_percent(first['share'])} of the outline{'s' * cohort}"
    return text + ". The cause may be one that is not measured here, such as an unusual appearance of the object."


def _segments(segments: UnitTable, profile: Profile) -> str:
    doubtful = expects(segments)
    if segments.empty:
        return "No stretch is marked." if doubtful else "No stretch of the outline is unclear."
    share = min(1.0, float(segments.measured("length").sum()) / (profile.step * len(profile)))
    several = profile["contour"].nunique() > 1
    parts = [
        f"{where(row, several)}, {number(row['length'])} {UNITS[profile.unit]} long ({row['reasons']})"
        for row in segments.head(4).rows()
    ]
    left = len(segments) - 4
    more = f"; and {others(left, doubtful)}" if left > 0 else ""
    what = (
        "The largest errors are expected along"
        if doubtful
        else "The image shows no clear edge, or the network is undecided, along"
    )
    return f"{what} {_percent(share)} of {whose(profile)} outline: " + "; ".join(parts) + more + "."


def expects(segments: UnitTable) -> bool:
    """Whether the stretches are those where the largest errors are expected, not those where the image is unclear."""
    return "expected" in {str(column).rpartition("_")[0] for column in segments.columns}


def others(left: int, doubtful: bool) -> str:
    """The stretches that are not listed: those come last whose expected error is smaller, or which are shorter.

    >>> others(1, doubtful=False), others(2, doubtful=True)
    ('1 shorter stretch', '2 with smaller expected errors')
    """
    return f"{left} with smaller expected errors" if doubtful else f"{left} shorter stretch{'es' * (left > 1)}"


def where(row: dict[str, Any], several: bool) -> str:
    """A stretch's place: its hours, and of which outline where there are several; figures number them in the same way, from 1.

    >>> where({"from_deg": 80, "to_deg": 100, "middle_deg": 90, "contour": 1}, several=True)
    "at 12 o'clock of outline 2"
    """
    hours = clock(row["from_deg"], row["to_deg"], row["middle_deg"])
    of = "" if hours.endswith("around") else "of "
    return f"{hours} {of}outline {row['contour'] + 1}" if several else hours


def number(value: float, sign: str = "") -> str:
    """Two figures that tell, never an exponent: 0.08, 0.13, 2.3, 24, 245, 68,110.

    >>> number(0.00003), number(2.31), number(68110.2)
    ('0.00', '2.3', '68,110')
    """
    if abs(value) >= 9.95:
        return f"{value:{sign},.0f}"
    return f"{value:{sign}.2g}" if abs(value) >= 0.1 else f"{value:{sign}.2f}"


def size(value: float, digits: int = 3) -> str:
    """A size in so many figures at least, never with an exponent.

    >>> size(0.0312), size(12.34), size(18012.3), size(0.0000083), size(12345.6, 4)
    ('0.0312', '12.3', '18,012', 'under 0.0001', '12,346')
    """
    if 0 < abs(value) < 1e-4:
        return "under 0.0001"
    return f"{value:,.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:.{digits}g}"


def numbers(first: float, *others: float) -> list[str]:
    """Figures that are compared, all with as many decimals as tell of the first; nan is a dash.

    >>> numbers(8.2, 8.0, 8.4), numbers(9.6, 6.8, 12.04), numbers(27.3, 9.1)
    (['8.2', '8.0', '8.4'], ['9.6', '6.8', '12.0'], ['27', '9'])
    """
    places = 0 if abs(first) >= 9.95 else 1 if abs(first) >= 0.995 else 2
    return [f"{value:,.{places}f}" if value == value else "–" for value in (first, *others)]


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "under 1 %"
    return f"{100 * share:.0f} %" if share < 0.995 or share == 1 else "over 99 %"
