"""What docs/results.md says of the experiment on grids in short, at the head of the section."""

from __future__ import annotations

import pytest
from grid_page import (
    CONFIRMED,
    EQUAL,
    FIGURES,
    LAST,
    LONGER,
    LUNGS,
    NETWORKS,
    ON_FINE,
    POLYPS,
    SKIN,
    WITH,
    WITHOUT,
    WORSE,
    check_words,
    contrasts,
    judged,
    reading,
)

pytestmark = pytest.mark.landing  # every comparison is resampled

IN_SHORT = [
    ("better on polyps after short trainings, on whichever grid (NSD, confirmed)", 1200, POLYPS, "nsd_at_1pct", CONFIRMED,
     (EQUAL, LONGER)),
    ("a little worse on lungs (ASSD, confirmed)", 1200, LUNGS, "assd_pct", WORSE, (EQUAL, LONGER)),
    ("on polyps its NSD is lower (the fine one's with both seeds resampled, neither", 5000, POLYPS, "nsd_at_1pct",
     "worse worse", (EQUAL,)),
    ("seeds resampled, neither after correction)", 5000, POLYPS, "nsd_at_1pct", "worse one seed", (LONGER,)),
    ("the coarse one's boundary is worse (one seed, after correction)", 5000, LUNGS, "assd_pct", "worse one seed +", (LONGER,)),
    ("by ranks U-Net's is the better, after correction", 5000, LUNGS, "assd_pct", "level level +", (EQUAL,)),
    *(("helps on lungs after short trainings, with and without the blocks", 1200, LUNGS, figure, CONFIRMED, (WITH, WITHOUT))
      for figure in ("assd_pct", "nsd_at_1pct")),
    *(("with the blocks on polyps, confirmed. After", 1200, POLYPS, figure, CONFIRMED, (WITH,))
      for figure in ("assd_pct", "nsd_at_1pct")),
    *(("long ones it helps on polyps both with and without them", 5000, POLYPS, figure, CONFIRMED, (WITH, WITHOUT))
      for figure in ("assd_pct", "nsd_at_1pct")),
    *(("and with them on lungs, all confirmed", 5000, LUNGS, figure, CONFIRMED, (WITH,))
      for figure in ("assd_pct", "nsd_at_1pct")),
    ("they pay on the fine grid and cost", 1200, POLYPS, "nsd_at_1pct", CONFIRMED, (ON_FINE,)),
    ("they pay on the fine grid and cost", 1200, LUNGS, "assd_pct", CONFIRMED, (ON_FINE,)),
    ("cost on the coarse one, on polyps and lungs, confirmed", 1200, POLYPS, "nsd_at_1pct", WORSE, ("blocks, coarse grid",)),
    ("cost on the coarse one, on polyps and lungs, confirmed", 1200, LUNGS, "assd_pct", WORSE, ("blocks, coarse grid",)),
    ("they cost a little JA on lungs, confirmed", 5000, LUNGS, "JA", WORSE, ("blocks, coarse grid",)),
    ("ahead in JA on polyps over the images, with the seeds level", 5000, POLYPS, "JA", "better level", (ON_FINE,)),
    ("level but for ASSD on lungs, coarse grid", 5000, LUNGS, "assd_pct", "worse level +", ("blocks, coarse grid",)),
    ("they cost on lungs (ASSD)", 1200, LUNGS, "assd_pct", WORSE, (LAST,)),
    ("gain in NSD on polyps, both confirmed", 1200, POLYPS, "nsd_at_1pct", CONFIRMED, (LAST,)),
    ("a cost on lungs is left over the images (ASSD, also after correction), with", 5000, LUNGS, "assd_pct", "worse level +",
     (LAST,)),
    ("a cost on lungs is left", 5000, POLYPS, "nsd_at_1pct", "level level", (LAST,)),
    ("U-Net gains most, in NSD (+0.228)", 5000, POLYPS, "nsd_at_1pct", CONFIRMED, ("budget, unet",)),
    ("and in ASSD (-1.721 %)", 5000, POLYPS, "assd_pct", CONFIRMED, ("budget, unet",)),
    *(("help most on polyps, each of the five networks, confirmed", 5000, POLYPS, figure, CONFIRMED,
       tuple(f"budget, {name}" for name in NETWORKS)) for figure in ("assd_pct", "nsd_at_1pct")),
]  # fmt: skip


@pytest.mark.parametrize(("words", "steps", "data", "figure", "said", "questions"), IN_SHORT)
def test_what_is_said_in_short(words, steps, data, figure, said, questions):
    for question in questions:
        check_words(words, contrasts(steps).loc[(question, data, figure)], figure, said)


def test_the_budget_does_most_on_polyps():
    grown = contrasts(5000)["images"].map(lambda interval: interval.mean)
    for figure, first, sign in (("nsd_at_1pct", "unet", 1), ("assd_pct", "unet", -1)):
        gains = {
            name: [sign * grown[f"budget, {name}", data, figure] for data in (POLYPS, LUNGS, SKIN)] for name in NETWORKS
        }
        assert all(polyps > max(others) for polyps, *others in gains.values())
        assert max(gains, key=lambda name: gains[name][0]) == first


def test_what_is_nowhere_or_level():
    assert "after long ones it is better nowhere, on either grid" in reading()
    for data in (POLYPS, LUNGS, SKIN):
        for figure in FIGURES:
            for question in (EQUAL, LONGER):
                assert "better" not in judged(contrasts(5000).loc[(question, data, figure)], figure)
            for question in ("blocks, coarse grid", ON_FINE):
                known = (question, data, figure) == ("blocks, coarse grid", LUNGS, "assd_pct")
                boundary = figure in ("assd_pct", "nsd_at_1pct") and not known
                assert not boundary or judged(contrasts(5000).loc[(question, data, figure)], figure).startswith(
                    "level level"
                )
    assert "both boundary figures are level but for ASSD on lungs, coarse grid" in reading()
