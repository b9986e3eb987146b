"""What docs/results.md says of the experiment on grids in short, at the head of the section."""

from __future__ import annotations

import pytest
from grid_page import EQUAL, FIGURES, LAST, LONGER, LUNGS, POLYPS, SKIN, check_words, contrasts, judged, reading

pytestmark = pytest.mark.landing  # every comparison is resampled

ON_FINE, WITH, WITHOUT = "blocks, fine grid", "grid, with blocks", "grid, without blocks"
CONFIRMED, WORSE = "better better +", "worse worse +"
IN_SHORT = [
    ("better on polyps after short trainings, on whichever grid (NSD, confirmed)", 1200, POLYPS, "nsd_at_1pct", CONFIRMED,
     (EQUAL, LONGER)),
    ("worse on lungs (ASSD, confirmed)", 1200, LUNGS, "assd_pct", WORSE, (EQUAL, LONGER)),
    ("helps on lungs after short trainings, with and without the blocks", 1200, LUNGS, "assd_pct", CONFIRMED, (WITH, WITHOUT)),
    ("on lungs after short trainings, with and without the blocks", 1200, LUNGS, "nsd_at_1pct", CONFIRMED, (WITH, WITHOUT)),
    ("with the blocks on polyps, confirmed. After", 1200, POLYPS, "assd_pct", CONFIRMED, (WITH,)),
    ("with the blocks on polyps, confirmed. After", 1200, POLYPS, "nsd_at_1pct", CONFIRMED, (WITH,)),
    ("long ones it helps on polyps both with and without", 5000, POLYPS, "assd_pct", "better one seed +", (WITH, WITHOUT)),
    ("After long ones it helps on polyps both with and without", 5000, POLYPS, "nsd_at_1pct", "better one seed +",
     (WITH, WITHOUT)),
    ("they pay on the fine grid and cost", 1200, POLYPS, "nsd_at_1pct", CONFIRMED, (ON_FINE,)),
    ("they pay on the fine grid and cost", 1200, LUNGS, "assd_pct", CONFIRMED, (ON_FINE,)),
    ("cost on the coarse one, on polyps and lungs", 1200, POLYPS, "nsd_at_1pct", WORSE, ("blocks, coarse grid",)),
    ("cost on the coarse one, on polyps and lungs", 1200, LUNGS, "assd_pct", WORSE, ("blocks, coarse grid",)),
    ("ahead in NSD on polyps, not after correction", 5000, POLYPS, "nsd_at_1pct", "better one seed", (ON_FINE,)),
    ("the two together cost on lungs, confirmed", 1200, LUNGS, "assd_pct", WORSE, (LAST,)),
    ("and after long trainings too", 5000, LUNGS, "assd_pct", "worse one seed +", (LAST,)),
    ("most of all for U-Net (NSD +0.180)", 5000, POLYPS, "nsd_at_1pct", "better one seed +", ("budget, unet",)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "steps", "data", "figure", "said", "questions"), IN_SHORT)
def test_what_is_said_in_short(words, steps, data, figure, said, questions):
    for question in questions:
        check_words(words, contrasts(steps).loc[(question, data, figure)], figure, said)


def test_the_budget_does_most_on_polyps_and_most_of_all_for_u_net():
    grown = contrasts(5000)["images"].map(lambda interval: interval.mean)
    for name in ("banet", "banet-s2", "control", "control-s2", "unet"):
        polyps, *others = (grown[f"budget, {name}", data, "nsd_at_1pct"] for data in (POLYPS, LUNGS, SKIN))
        assert polyps > max(others) and polyps <= grown["budget, unet", POLYPS, "nsd_at_1pct"]
    better = {
        judged(contrasts(5000).loc[(EQUAL, data, figure)], figure)
        for data in (POLYPS, LUNGS, SKIN)
        for figure in FIGURES
    }
    assert "tried on the fine grid, it is better nowhere" in reading() and not any("better" in said for said in better)
