# %% [markdown]
# # 00 · Quickstart: from an image to a boundary error
#
# **For** everyone who starts here. **Time** 35 minutes (the cells themselves run in about ten seconds). **You need** a little
# Python; no PyTorch.
#
# **Afterwards you can**
# - segment an image with a trained BA-Net and draw its contour,
# - say in millimetres how far the contour is off, and where,
# - compare two predictions by their overlap and by their boundary,
# - ask for a signal inside the network by its name.
#
# Run the cells from top to bottom with **Shift+Enter**. All images are synthetic ("phantoms"): painted, not photographed.
# What one measures against is called the *reference*; that of a painted image is its true boundary. Nothing here is a medical
# device.

# %%
import numpy as np

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson00.exercise import slip_of
from banet_edu.course.lesson00.explorers import threshold_explorer
from banet_edu.course.lesson00.figures import (
    error_profile,
    outlines_figure,
    overlap_figure,
)
from banet_edu.course.lesson00.thresholds import threshold_curves
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.explain import probe
from banet_edu.figures.blocks import pyramid_figure
from banet_edu.figures.contour import contour_figure, errors_figure
from banet_edu.figures.style import show
from banet_edu.metrics.boundary import boundary_metrics, signed_errors
from banet_edu.metrics.overlap import overlap
from banet_edu.study.compare import evaluate

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("00")

# %% [markdown]
# ## 1 One image, one contour
#
# A *sample* is an image, its mask (which pixels are lesion), and the size of a pixel. The *model* is a small BA-Net that has
# learned from 560 real photos of skin lesions. `predict` gives each pixel its probability of being lesion; the contour runs
# where that is 0.5.

# %%
samples = load_samples("dermoscopy", "test")
sample = samples[0]
model = load_model("banet-lite-dermoscopy")
prediction = predict(model, sample)

height, width = sample.mask.shape
print(f"{sample.name}: {height} x {width} pixels of {sample.spacing_mm[0]:.3f} mm")
print(
    f"area {prediction.measurements['area_mm2']:.0f} mm², "
    f"largest diameter {prediction.measurements['largest_diameter_mm']:.0f} mm"
)
show(
    overlap_figure(
        sample.image, prediction.mask, sample.mask, spacing_mm=sample.spacing_mm
    ),
    alt="A painted skin lesion with its reference and the predicted outline; beside it the pixels of both and of either.",
)

# %% [markdown]
# ## 2 How good is it?
#
# The usual score is the overlap, the **Jaccard index**: the green pixels above, divided by all coloured ones,
#
# $$\mathrm{JA} = \frac{|M \cap Y|}{|M \cup Y|}$$
#
# with $M$ the predicted pixels, $Y$ those of the reference, and $|\cdot|$ the number of pixels in a set: 1 where both are the
# same, 0 where they share no pixel. A surgeon asks something else: *how far off is the line?*
#
# **Predict, then run.** Before every result this course asks what you expect. Nobody marks it: a result that one has guessed
# at, rightly or not, is one that stays. Look at the outlines above and the scale bar.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "worst",
    "What is the largest distance from a point of either line to the other line?",
    unit="mm",
    within=(0, 18),
)

# %%
scores = overlap(prediction.mask, sample.mask)
scores |= boundary_metrics(prediction.mask, sample.mask, spacing_mm=sample.spacing_mm)

print(f"overlap         JA   {scores['JA']:.2f}")
print(f"worst point     HD   {scores['hd_mm']:.2f} mm")
print(f"on average      ASSD {scores['assd_mm']:.2f} mm")
print(f"too large (+) or too small (-), on average: {scores['bias_mm']:+.2f} mm")
in_pixels = boundary_metrics(prediction.mask, sample.mask, spacing_mm=None)
print(f"the same with spacing_mm=None: ASSD {in_pixels['assd_px']:.1f} pixels")

measured = evaluate(model, samples)  # all ten test samples
wide = int((measured["bias_mm"] > 0).sum())
print(f"the bias is above 0 in {wide} of {len(measured)} test samples")
show(
    contour_figure(sample.image, prediction, sample.mask),
    alt="The lesion; beside it the predicted outline, coloured by its distance to the reference.",
)
predictions.compare("worst", round(scores["hd_mm"], 2), tolerance=0.3)

# %% [markdown] tags=["conclusion"]
# - **HD**, the Hausdorff distance: the largest distance from a point of either boundary to the other boundary.
# - **ASSD**, the average symmetric surface distance: the mean of these distances, over the points of both boundaries.
# - The **bias** is the mean signed distance over the predicted boundary, positive outside of the reference.
#
# Yellow is the reference. The other line is the prediction: blue where it runs inside of it, white on it, orange outside.
# The network learned from outlines that experts drew around real lesions; on nine of our ten painted ones it draws too wide on
# average. JA alone would not have told you the direction.

# %% [markdown]
# One number still hides *where*. Walk around the contour, clockwise from the top:

# %%
errors = signed_errors(prediction.mask, sample.mask, spacing_mm=sample.spacing_mm)
show(
    error_profile(errors.points, errors.distance, unit="mm", tolerance=0.2),
    alt="Signed boundary error in mm against the direction from the centre of the contour.",
)
print(f"the largest: {np.abs(errors.distance).max():.2f} mm")

# %% [markdown]
# This largest distance is below the HD of the same outline: HD also looks the other way, from the reference to the prediction.
#
# ## 3 Two predictions made by hand
#
# One lesion, twice: `grown` is a little too large all around; `bump` is exactly right, but for one bump.

# %%
phantom = make_phantom("dermoscopy", seed=7)
# The distance of each pixel to the reference, negative inside.
distance_mm = phantom.signed_distance_px * phantom.spacing_mm[0]
rows, columns = np.indices(phantom.mask.shape)

grown = distance_mm < 0.3
bump = phantom.mask | (np.hypot(rows - 95, columns - 130) < 46)

hands = {"grown": grown, "bump": bump}
show(
    outlines_figure(phantom.image, hands, phantom.mask),
    alt="One lesion with two outlines: too large all around; right but for a bump.",
)

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "higher",
    "Which of the two has the higher JA?",
    ["grown", "bump", "both have the same"],
)

# %%
ja = {name: round(overlap(mask, phantom.mask)["JA"], 2) for name, mask in hands.items()}
show(
    errors_figure(
        phantom.image,
        hands,
        phantom.mask,
        spacing_mm=phantom.spacing_mm,
        limit=0.6,  # darker from here on: the arrows of the colour bar
    ),
    alt="The same two, coloured by their distance to the reference, with JA, ASSD and HD.",
)
predictions.compare(
    "higher",
    max(ja, key=ja.get) if ja["grown"] != ja["bump"] else "both have the same",
    because=f"JA {ja['grown']:.2f} and {ja['bump']:.2f}.",
)

# %% [markdown] tags=["conclusion"]
# The same JA, because it counts pixels and does not care where they are. Nearly the same ASSD, too: a mean cannot tell "a
# little off everywhere" from "far off in one place". HD can: 0.35 mm against 2.4 mm. So look at the overlap *and* at more than
# one boundary error before you believe a result. (Boundary errors are in mm; where the size of a pixel is unknown, in pixels,
# or in percent of the image diagonal.)

# %% [markdown]
# ## 4 Move the contour yourself
#
# The contour runs where the probability crosses a threshold, 0.5 unless you say otherwise.

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "threshold",
    "From 0.2 to 0.9: what will a higher threshold do to the ASSD of the first sample?",
    ["make it larger", "leave it about as it is", "make it smaller, by half or more"],
)

# %%
curves = threshold_curves(sample, prediction)
low, high = (curves.error[curves.thresholds.index(t)] for t in (0.2, 0.9))
predictions.compare(
    "threshold",
    "make it larger"
    if high > 1.1 * low
    else "make it smaller, by half or more"
    if high < 0.5 * low
    else "leave it about as it is",
    because=f"The ASSD goes from {low:.2f} mm to {high:.2f} mm.",
)

# %% [markdown] tags=["conclusion"]
# On the first sample a higher threshold shrinks the contour onto the reference: the ASSD falls to about a third. Would you use
# 0.9 from now on? Ask the slider below.

# %% [markdown]
# Move the slider, with the mouse or with the left and right keys, and watch the line and the three curves. Which threshold
# would ASSD choose for the first sample, which HD? What happens at 0.1? Then choose another sample.

# %% tags=["nbval-ignore-output"]
threshold_explorer(model, samples)

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# ASSD would choose 0.9 for the first sample, HD 0.7. At 0.1 a second region appears in the corner of the image: HD jumps to
# 7 mm, and the line around the lesion has little to do with it. And 0.9 from now on? By ASSD it beats 0.5 in six of the ten
# samples and loses in four; the best threshold runs from 0.4 to 0.95.
#
# </details>
#
# One image decides nothing: a threshold is chosen on images set aside for that, never on those whose results you report.
#
# ## 5 Look inside: the edges that BA-Net sees
#
# BA-Net looks at the image in four *stages*, from fine (1) to coarse (4). Each stage holds maps, its *channels*: grids of
# numbers, of which each *cell* stands for a square of the image. **Pyramid edge extraction** (PEE) looks for edges in them.
# `probe` runs `predict` and keeps every signal inside the network on the way, by its name:

# %%
trace = probe(model, sample)
name = "stage1.pee.edge_k5"
channels, rows, columns = trace[name].shape[1:]
print(f"{len(trace.names())} signals; {name} has {channels} channels", end=" ")
print(f"of {rows} x {columns} cells")

show(
    pyramid_figure(trace, sample.image),
    alt="Edge maps of four stages (columns) and two window sizes (rows).",
)

# %% [markdown]
# Each panel shows where PEE found edges: it subtracts from a map $R$ its own average over a window of $k \times k$ cells,
#
# $$\mathrm{edge}_k = R - \mathrm{average}_{k \times k}(R).$$
#
# Where $R$ is constant, the difference is 0; at an edge it is not. Drawn is its size without the sign, averaged over the
# channels. Each panel has its own scale: compare *where* it is bright, not how bright. The upper row has the narrow windows,
# the lower row the wide ones. In stage 1 the outline can be seen, stage 4 has only 4 × 4 cells. (The faint line along the frame
# is no edge of the image: before PEE the network puts zeros beyond the frame.) **Try it:** put the name of the narrow edges of
# stage 3 into the cell above. How many cells do they have?
#
# ## 6 Your turn
#
# **Exercise (short).** On which of the test samples is the model furthest off, on average? Put the ASSD in mm of every sample
# into `errors_mm`. For one sample it was `boundary_metrics(prediction.mask, sample.mask,
# spacing_mm=sample.spacing_mm)["assd_mm"]`. (With `spacing_mm=None` there is no `"assd_mm"`.)

# %% tags=["exercise"]
# Replace 0.0: predict each sample, then measure.
errors_mm = [0.0 for sample in samples]

# %% tags=["solution"]
errors_mm = [
    boundary_metrics(
        predict(model, sample).mask, sample.mask, spacing_mm=sample.spacing_mm
    )["assd_mm"]
    for sample in samples
]

# %%
if slip := slip_of(errors_mm, measured):
    print(slip)
else:
    worst = samples[int(np.argmax(errors_mm))]
    print(
        f"{worst.name}: {max(errors_mm):.2f} mm; the best sample: {min(errors_mm):.2f} mm"
    )
    show(
        contour_figure(worst.image, predict(model, worst), worst.mask),
        alt="The sample with the largest boundary error.",
    )

# %% [markdown]
# ## 7 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself; try the wrong ones too.

# %% tags=["nbval-ignore-output"]
lesson_quiz("00")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Overlap (JA) says which share of the pixels inside either outline lies inside both; HD, ASSD and bias say how far the line
#   is off.
# - A distance needs a pixel size. Without one there are pixels, and no millimetres.
# - The edges of PEE can be read out by name, like every other signal that `probe` keeps.
#
# **Next.** Lesson 01: why boundaries fail. `banet-edu demo` in a terminal trains BA-Net and a U-Net on images like these in
# minutes; [docs/method.md](../docs/method.md) has the formulas of every block. Try a picture of your own:
# `predict(model, "picture.png", spacing_mm=(0.05, 0.05))`, with the size of *its* pixels.
