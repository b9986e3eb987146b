# %% [markdown]
# # 09 · Boundary clinic: one picture, its outline, and how far to trust it
#
# **For** clinicians, and everyone who is asked to believe an outline. **Time** 60 minutes (the cells themselves run in about
# 15 seconds), and 15 more with a picture of your own. **You need** lesson 00; lesson 01 tells what a boundary error is. There
# is no code to be seen: a click on the bar with three dots unfolds a cell's.
#
# **Afterwards you can**
# - say where to look at an outline first, why, and how far that leads,
# - turn pixels into millimetres with a ruler in the picture, and say how exact that is,
# - measure a lesion with its band of doubt, and compare an outline with your own,
# - do all of this with a picture of your own.
#
# **Not a medical device.** The networks are small and learned from few pictures: nobody is to be diagnosed or treated by
# them. All pictures here are painted ("phantoms"), so their true outlines and sizes are known.
#
# **Shift+Enter** runs a cell and goes to the next: go through from the top, and answer a question before you go on. Sliders
# move by mouse, or by Tab and the left and right keys.

# %% jupyter={"source_hidden": true}
from IPython.display import display

from banet_edu import load_samples
from banet_edu.clinic.desk import Desk
from banet_edu.clinic.own_points import compared
from banet_edu.course.lesson09.exercise import (
    check_diameter,
    diameter_box,
    guided_photo,
    task_photo,
)
from banet_edu.course.lesson09.explorers import (
    doubt_explorer,
    doubt_figure,
    measure_explorer,
    ruler_explorer,
)
from banet_edu.course.lesson09.figures import card_figure, photo_figure
from banet_edu.course.lesson09.own_outline import own_outline_figure
from banet_edu.course.lesson09.ruler_photo import ruler_photo, wrong_and_marked
from banet_edu.course.lesson09.touchable import Touchable
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.explain.boundary.callipers import clinic_measures, ruler_spacing
from banet_edu.explain.boundary.expectation import track_record_in_words
from banet_edu.figures.contour import mask_outlines
from banet_edu.figures.style import show
from banet_edu.metrics.boundary import boundary_metrics

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("09")

# %% [markdown]
# ## 1 Where is the line, and where is it likely wrong?
#
# A phone photo of a skin lesion, with a ruler beside it. The network that looks at it has learned from painted pictures
# *without* rulers.

# %% jupyter={"source_hidden": true}
photo = ruler_photo(6, name="photo with a ruler")
show(
    photo_figure(photo.sample),
    alt="A brown lesion on skin; below it lies a ruler from 0 to 20 mm.",
)

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
places = {
    "lesion": "along the lesion, as if there were no ruler",
    "both": "around the lesion and on to the ruler",
    "ruler": "around the ruler only",
    "nothing": "it finds nothing",
}
predictions.choose("ruler", "Where does it draw its line?", list(places.values()))

# %% jupyter={"source_hidden": true}
desk = Desk(photo.sample)
found = desk.found()
show(
    doubt_figure(desk),
    alt="The outline surrounds the lesion and goes on to the ruler's upper edge, with a lobe to each side. Three stretches of "
    "the left lobe are marked, none of the right one.",
)
true = boundary_metrics(
    found.mask, photo.phantom.mask > 0, spacing_mm=photo.phantom.spacing_mm
)
inside = (found.mask & (photo.phantom.mask > 0)).sum() / (photo.phantom.mask > 0).sum()
where = (
    "lesion"
    if true["hd_mm"] < 1
    else "both"
    if inside > 0.5
    else "ruler"
    if found.mask.any()
    else "nothing"
)
predictions.compare(
    "ruler",
    places[where],
    because=f"Its farthest point is {true['hd_mm']:.0f} mm from the true outline.",
)

# %% [markdown] tags=["conclusion"]
# The line leaves the lesion and follows the upper edge of the ruler. The report has **marked** a quarter of it for a first
# look. Each marked stretch is listed with its place (the o'clock of a clock around the outline), its length, its reasons,
# and how far the line is expected to be off; all in % of the picture's diagonal, since nobody has told the scale yet.
#
# *Network undecided*: its probability stays near one half for a stretch. *Networks disagree*: a second network, or a mirror
# image, gives another line. *Low contrast*, *soft edge*: what the picture shows there.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
shares = {
    0.3: "about a quarter",
    0.5: "about two fifths",
    0.8: "about two thirds",
    1.0: "about nine tenths",
}
predictions.choose(
    "doubt",
    "The report does not know the true outline. How much of what it marks lies where the line is wrong by more than 1 mm "
    "(one step of the ruler)?",
    list(shares.values()),
)

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
predictions.choose(
    "bare",
    "And the other way round: of all places where the line is wrong by more than 1 mm, how much is marked?",
    list(shares.values()),
)

# %% jupyter={"source_hidden": true}
wrong, marked = wrong_and_marked(photo, desk.expected())
there = (wrong & marked).sum() / marked.sum()
predictions.compare(
    "doubt",
    next(said for limit, said in shares.items() if there <= limit),
    because=f"Of what is marked, {there:.0%} is wrong; of the whole line, {wrong.mean():.0%}.",
)
caught = (wrong & marked).sum() / wrong.sum()
predictions.compare(
    "bare",
    next(said for limit, said in shares.items() if caught <= limit),
    because=f"Of what is wrong, {caught:.0%} is marked.",
)
print(track_record_in_words(desk.expected()))

# %% [markdown] tags=["conclusion"]
# The report warns without knowing the truth. It asks a second network, and both networks again on mirror images; where their
# lines run apart, one of them is wrong. From many pictures whose outline is known it has learned how large the error usually
# is in such places: its **track record**, in the line above.
#
# But look at the right lobe: all of it is wrong, and nothing of it is marked. A mark says where to look first. No mark is no
# promise: networks can be wrong together.

# %% [markdown]
# Keep the first picture, skin, and choose another network. Which one learned from pictures of another organ and draws a line
# all the same? And which one finds nothing?

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
pictures = [load_samples(kind, "test")[0] for kind in ("dermoscopy", "polyp", "lung")]
doubt_explorer([*pictures, photo.sample])

# %% [markdown]
# (That of polyps draws a line: nothing in it says "this is not my kind of picture". *You* have to know that. That of chest
# X-rays finds nothing: plainly no proof that nothing is there.)
#
# ## 2 From pixels to millimetres
#
# A photo has no scale. Without one, lengths are given in % of the picture's diagonal, and no millimetre appears anywhere. A
# ruler that lies *in the plane of the lesion* gives the scale: two points on it, and their distance in mm.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
readings = [9.0, 9.5, 10.0, 10.5, 11.0]
predictions.choose(
    "short",
    "A lesion is 10 mm long. Somebody says that two points on the ruler are 20 mm apart, but has set the second one a "
    "millimetre short, at 19. What length does the panel show for the lesion?",
    [f"{reading} mm" for reading in readings],
)

# %% jupyter={"source_hidden": true}
pixels_per_mm = 18.0
size = ruler_spacing([(0, 0), (0, 19 * pixels_per_mm)], 20)
reading = 10 * pixels_per_mm * size
predictions.compare(
    "short",
    f"{min(readings, key=lambda each: abs(each - reading))} mm",
    because=f"20 mm over 19: every length is {20 / 19 - 1:.0%} too large.",
)

# %% [markdown] tags=["conclusion"]
# An error of the scale is an error of *every* length, in the same proportion. So take a long stretch of the ruler: one
# pixel more or less then matters little. The panel says how much.

# %% [markdown]
# **Set the two points** on the first and the last line of the ruler (each is magnified at the side), then their distance,
# 20 mm.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
guided = guided_photo()
guided_desk = Desk(guided.sample)
ruler_explorer(guided_desk, solved=(*guided.ends, guided.length_mm))

# %% [markdown]
# ## 3 Measure, with the band of doubt
#
# The **longest diameter** is the longest distance between two points of the outline; the one **across** is measured at a
# right angle to it. Under each figure stands its **band of doubt**: how far it moves while the threshold goes from 0.25 to
# 0.75, the network's own doubt (lesson 08 calls it *slack*, place by place). It does not cover what the network does not
# doubt: part 1 showed a lobe that is wrong.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
larger = ["2.5 % too large", "5 % too large", "10 % too large", "25 % too large"]
predictions.choose("area", "All lengths are 5 % too large. And the area?", larger)

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
measure_explorer(guided_desk, still_spacing_mm=guided.phantom.spacing_mm[0])

# %% jupyter={"source_hidden": true}
level, painted = guided_desk.found().level, guided.phantom
right, wrong = (
    clinic_measures(level, spacing_mm=(mm, mm))["area_mm2"]
    for mm in (0.05, 0.05 * 1.05)
)
predictions.compare(
    "area",
    larger[2] if 0.09 < wrong / right - 1 < 0.11 else "something else",
    because="1.05 x 1.05 = 1.10.",
)
measured, known = (
    clinic_measures(each, spacing_mm=painted.spacing_mm)["longest_mm"]
    for each in (level, -painted.signed_distance_px)
)
print(f"longest diameter: measured {measured:.2f} mm, painted {known:.2f} mm")

# %% [markdown]
# The band of the perimeter is wide, 28 to 37 mm, though the line hardly moves: at threshold 0.25 two specks appear in the lower
# corners (dashed), and their outlines count. Look at the picture before you believe a band.
#
# Figures are in mm once the ruler above is set; set its distance back to 0, and they are in % of the diagonal again.

# %% [markdown]
# ## 4 Your outline beside the network's
#
# Another lesion, whose file states the size of a pixel. Set points around it: choose **Points**, then click; a point is
# dragged to another place, a click on a side puts one between, **Undo** takes a step back. By keyboard: Tab to the picture, M
# chooses points, the arrows move the cross, Enter sets a point (**Keys** lists all). From three points on your outline is
# closed, and is the **reference**: the live page then numbers the network's errors against it, the largest first, and says
# them in words. (The still picture colours the network's line by its distance instead.) On each of the two lines at least 95 %
# of the places are no farther from the other line than **HD95**; the farthest one is at **HD**. Eight points do for a start.
# The wheel zooms; Space hides what is drawn.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
plain = pictures[0]
plainly = Desk(plain).found()
outline = max(mask_outlines(plain.mask > 0), key=len)


def on_true_outline(count):
    return [tuple(place) for place in outline[:: len(outline) // count][:count]]


def eight_points():
    """For readers without a running notebook: the painted lesion with eight points of its true outline."""
    around = on_true_outline(8)
    return own_outline_figure(plain, plainly, around, compared(plainly, around))


Touchable(
    plain,
    still=eight_points,
    alt="A lesion with the network's outline and eight points of one's own; how far the two are apart stands beside it.",
)


# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
beside = ["a tenth of that", "half of that", "more than that"]
predictions.choose(
    "polygon",
    "Eight points, each exactly on the true outline, joined by straight lines. The network's line is 0.18 mm off the true "
    "outline (ASSD, the mean distance). How far off is the polygon?",
    beside,
)


# %% jupyter={"source_hidden": true}
def off_truth(mask):
    return boundary_metrics(mask, plain.mask > 0, spacing_mm=plain.spacing_mm)[
        "assd_mm"
    ]


network = off_truth(plainly.mask)
polygon = {
    count: off_truth(compared(plainly, on_true_outline(count)).reference)
    for count in (8, 16, 32)
}
share = polygon[8] / network
predictions.compare(
    "polygon",
    beside[0 if share < 0.25 else 1 if share < 1 else 2],
    because=f"The polygon of eight is {polygon[8]:.2f} mm off, the network's line {network:.2f} mm.",
)
for count, off in polygon.items():
    print(f"{count:2d} points on the true outline: {off:.2f} mm off")

# %% [markdown] tags=["conclusion"]
# **A reference has an error of its own.** Between two points it cuts off what bends out: here both tips of the lesion, most of
# all. What is finer than that error it cannot judge. So set points where the outline bends: 16 halve the error, 32 halve it
# nearly again.

# %% [markdown]
# Two careful readers differ as well (lesson 01 looked at two simulated ones). An outline that is as close to yours as a
# colleague's would be is as good as this comparison can tell.
#
# ## 5 Your task
#
# **Exercise (core).** Another photo. The ruler is numbered in **centimetres**. Find the longest diameter of the lesion, **in
# millimetres**.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
task = task_photo()
task_desk = Desk(task.sample)
ruler_explorer(task_desk)

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
measure_explorer(task_desk)

# %% tags=["exercise", "nbval-ignore-output"] jupyter={"source_hidden": true}
box = diameter_box()
display(box)

# %% tags=["solution", "nbval-ignore-output"] jupyter={"source_hidden": true}
box = diameter_box(12.98)
display(box)

# %% [markdown]
# Run the next cell too: it repeats, for your record, what the check says of the number in the box.

# %% jupyter={"source_hidden": true}
check_diameter(box.value)

# %% [markdown]
# ## 6 Your own picture
#
# (About 15 minutes more with a picture of your own.)
#
# Open a picture, or drop it on the dark field: PNG, JPEG, BMP, TIFF or WebP. HEIC (an iPhone's photos) and DICOM, which may
# carry its pixel size, need one more step: `pip install -e ".[heic,dicom]"` in the course's folder; without it the page says
# so. The picture stays on the computer that runs this notebook: it is read from a temporary file that is deleted at once, and
# is not saved with the notebook. **Take no picture that shows who the patient is.** A screenshot has no scale any more,
# whatever it was taken from.
#
# Choose the network by the example pictures. With an expert's mask of the same picture (white on black) the outline is compared
# with it. Where nothing is found, the page says so: a missed lesion has no boundary error, and certainly not an error of 0 mm.
# The same page without a notebook: `banet-edu clinic` in a terminal, after `pip install -e ".[clinic]"`.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
Touchable(
    still=lambda: card_figure(
        "Your own picture",
        "In a running notebook: open or drop a picture, choose the network by example pictures,\n"
        "set a ruler, set points around the object, keep outline, mask and figures.",
    ),
    alt="In a running notebook: a page that opens a picture of your own, outlines it and measures it.",
)

# %% [markdown]
# ## 7 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself.

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
lesson_quiz("09")

# %% jupyter={"source_hidden": true}
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Ask where an outline is likely wrong, and how often that was right before; look at the picture there.
# - Then look at the rest as well: where the line is wrong and nothing is marked, only a look or a reference helps.
# - The band of doubt is the network's own. A reference has an error of its own as well: what is finer, it cannot judge.
# - No scale, no millimetres. An error of the scale is in every length, and twice in the area.
# - Nothing found is a result to be told, not a distance of 0.
#
# **Next.** Lesson 10: from paper to code, for those who build on a published network. The same report as a file: `banet-edu
# explain picture.jpg --model banet-lite-dermoscopy --spacing 0.05 0.05` in a terminal.
