# %% [markdown]
# # 00 · Quickstart: from an image to a boundary error
#
# **For** everyone who starts here. **Time** 15 minutes (the cells themselves run in about ten seconds). **You need** a little
# Python; no PyTorch.
#
# **Afterwards you can**
# - segment an image with a trained BA-Net and draw its contour,
# - say in millimetres how far the contour is off, and where,
# - show why a good overlap can hide a bad boundary,
# - find the edges that the network sees inside.
#
# Run the cells from top to bottom with **Shift+Enter**. All images are synthetic ("phantoms"): painted, not photographed, so
# their true boundary is known exactly. Nothing here is a medical device.

# %%
import numpy as np

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson00.explorers import threshold_explorer
from banet_edu.course.lesson00.figures import error_profile, outlines_figure
from banet_edu.course.lesson00.thresholds import threshold_curves
from banet_edu.course.predictions import Predictions
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
    contour_figure(sample.image, prediction, sample.mask),
    alt="A painted skin lesion; beside it the same with the true and the predicted contour.",
)

# %% [markdown]
# Yellow is the truth. The other line is the prediction: blue where it runs inside the truth, white on it, orange outside.
#
# ## 2 How good is it?
#
# The usual score is the overlap, the **Jaccard index**
#
# $$\mathrm{JA} = \frac{|P \cap Y|}{|P \cup Y|}$$
#
# with $P$ the predicted pixels and $Y$ those of the reference: 1 is perfect, 0 is beside it. A surgeon asks something else:
# *how far off is the line?*
#
# **Predict, then run.** Before every result this course asks what you expect. Nobody marks it: a result that one has guessed
# at, rightly or not, is one that stays. Look at the picture above and its scale bar.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "worst",
    "At its worst point, how far is the predicted line from the yellow one?",
    unit="mm",
    within=(0, 18),
)

# %%
scores = overlap(prediction.mask, sample.mask)
scores |= boundary_metrics(prediction.mask, sample.mask, spacing_mm=sample.spacing_mm)

print(f"overlap         JA   {scores['JA']:.2f}")
print(f"worst point     HD   {scores['hd_mm']:.1f} mm")
print(f"on average      ASSD {scores['assd_mm']:.1f} mm")
print(f"too large (+) or too small (-), on average: {scores['bias_mm']:+.1f} mm")
predictions.compare("worst", round(scores["hd_mm"], 1), tolerance=0.3)

# %% [markdown] tags=["conclusion"]
# - **HD**, the Hausdorff distance: the largest distance from a point of either boundary to the other boundary.
# - **ASSD**, the average symmetric surface distance: the mean of these distances, over the points of both boundaries.
# - The last line is the **bias**: the mean signed distance over the predicted boundary, positive outside of the truth.
#
# Here the bias is positive. The network learned from outlines that experts drew around real lesions; on our painted ones it
# draws a little too wide. JA alone would not have told you the direction.

# %% [markdown]
# One number still hides *where*. Walk around the contour, clockwise from the top:

# %%
errors = signed_errors(prediction.mask, sample.mask, spacing_mm=sample.spacing_mm)
show(
    error_profile(errors.points, errors.distance, unit="mm", tolerance=0.5),
    alt="Signed boundary error in mm against the direction from the centre of the contour.",
)

# %% [markdown]
# ## 3 Two predictions made by hand
#
# One lesion, twice: `grown` is a little too large all around; `bump` is exactly right, but for one bump.

# %%
phantom = make_phantom("dermoscopy", seed=7)
# The distance of each pixel to the true boundary, negative inside.
distance_mm = phantom.signed_distance_px * phantom.spacing_mm[0]
rows, columns = np.indices(phantom.mask.shape)

grown = distance_mm < 0.3
bump = phantom.mask | (np.hypot(rows - 95, columns - 130) < 46)

hands = {"grown": grown, "bump": bump}
show(
    outlines_figure(phantom.image, hands, phantom.mask),
    alt="One lesion with two outlines: evenly too large; right but for a bump.",
)

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "higher",
    "Which of the two has the higher JA?",
    ["grown", "bump", "neither, to two decimals"],
)

# %%
ja = {name: round(overlap(mask, phantom.mask)["JA"], 2) for name, mask in hands.items()}
show(
    errors_figure(phantom.image, hands, phantom.mask, spacing_mm=phantom.spacing_mm),
    alt="The same two, coloured by their distance to the truth, with JA, ASSD and HD.",
)
predictions.compare(
    "higher",
    max(ja, key=ja.get) if ja["grown"] != ja["bump"] else "neither, to two decimals",
    because=f"JA {ja['grown']:.2f} and {ja['bump']:.2f}.",
)

# %% [markdown] tags=["conclusion"]
# The same JA, because it counts pixels and does not care where they are. Nearly the same ASSD, too: a mean cannot tell "a
# little off everywhere" from "far off in one place". HD can: 0.35 mm against 2.4 mm. So every result in this course comes
# with the overlap *and* with more than one boundary figure, in mm (in percent of the image diagonal where the size of a pixel
# is unknown).

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
# On the first sample a higher threshold shrinks the contour onto the truth: from 0.2 to 0.9, JA rises by a tenth while the
# ASSD falls to a third. (At 0.1 the ASSD is twice as large again, and not because of the line: a second region appears in the
# corner of the image, 7 mm away. Watch HD there.) Would you use 0.9 from now on? HD alone would choose 0.7. And one image
# decides nothing: a threshold is chosen on validation images, never on those whose results you report.

# %% [markdown]
# Now move the slider, with the mouse or with the arrow keys, and watch the line, JA and ASSD. Then choose another sample.

# %% tags=["nbval-ignore-output"]
threshold_explorer(model, samples)

# %% [markdown]
# Where the line hardly moves, the network is sure of its boundary; where it moves far, it is not. Look for such places in the
# other samples.
#
# ## 5 Look inside: the edges that BA-Net sees
#
# BA-Net looks at the image in four *stages*, from fine (1) to coarse (4). At each of them, **pyramid edge extraction** (PEE)
# takes the map of features $R$ and subtracts its own average over a window of $k \times k$:
#
# $$\mathrm{edge}_k = R - \mathrm{AvgPool}_{k \times k}(R)$$
#
# Where $R$ is even, the difference is 0; at an edge it is not. A wider window sees softer edges. `probe` runs `predict`
# and keeps every signal inside the network on the way, by names such as `stage1.pee.edge_k5`:

# %%
trace = probe(model, sample)
shape = tuple(trace["stage1.pee.edge_k5"].shape[1:])
print(
    f"{len(trace.names())} signals; stage1.pee.edge_k5 is channels x rows x columns {shape}"
)

show(
    pyramid_figure(trace, sample.image),
    alt="Edge maps of four stages (columns) and two window sizes (rows).",
)

# %% [markdown]
# The upper row has the narrow windows, the lower row the wide ones; each panel shows the mean of $|\mathrm{edge}_k|$ over the
# channels. Stage 1 traces the outline. Stage 4 has only 4 × 4 cells left and knows roughly where the lesion is. BA-Net's
# other blocks bring the two together. (The faint line along the frame is no edge of the image: the convolutions before it
# fill up with zeros there.)
#
# ## 6 Your turn
#
# On which of the test samples is the model furthest off, on average? Put the ASSD in mm of every sample into `errors_mm`.

# %% tags=["exercise"]
# Replace 0.0: predict, then boundary_metrics(...)["assd_mm"], as in part 2.
errors_mm = [0.0 for sample in samples]

# %% tags=["solution"]
errors_mm = [
    boundary_metrics(
        predict(model, sample).mask, sample.mask, spacing_mm=sample.spacing_mm
    )["assd_mm"]
    for sample in samples
]

# %%
worst = samples[int(np.argmax(errors_mm))]
if len(set(errors_mm)) == 1:
    print("Not yet: every sample has the same error.")
    print("Call predict(model, sample) inside the list, for each sample.")
elif not np.allclose(errors_mm, evaluate(model, samples)["assd_mm"], atol=0.01):
    print("Not yet: these are not the errors of each sample's own prediction.")
    print("Inside the list: predict(model, sample).mask against sample.mask.")
else:
    print(
        f"{worst.name}: {max(errors_mm):.2f} mm; the best sample: {min(errors_mm):.2f} mm"
    )
    show(
        contour_figure(worst.image, predict(model, worst), worst.mask),
        alt="The sample with the largest boundary error.",
    )

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Overlap (JA) says how many pixels are right; HD, ASSD and bias say how far the line is off.
# - A distance needs a pixel size. Without one there are no millimetres.
# - The edges of PEE can be read out by name, like every other signal of the network.
#
# **Next.** Lesson 01: why boundaries fail. `banet-edu demo` in a terminal trains BA-Net and a U-Net on images like these in
# minutes; [docs/method.md](../docs/method.md) has the formulas of every block. Try a picture of your own:
# `predict(model, "picture.png", spacing_mm=(0.05, 0.05))`, with the size of *its* pixels.
