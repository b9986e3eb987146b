# %% [markdown]
# # 03 · Pyramid edge extraction: an edge is what an average takes away
#
# **For** students who know a little Python; clinicians can follow the pictures of parts 1, 2 and 6. **Time** 60 minutes
# (the cells themselves run in half a minute). **You need** lesson 00; what a convolution is helps.
#
# **Afterwards you can**
# - explain with one picture why `R - average(R)` finds edges, and what the window's size changes,
# - say which of BA-Net's four stages sees a sharp boundary, and which a blurred one,
# - write the edge map yourself, and name three ways to get it wrong,
# - measure in millimetres what a trained network loses without it.
#
# All images are painted ("phantoms"), so their true boundaries are known. Nothing here is a medical device.

# %%
import numpy as np
import torch
import torch.nn.functional as F

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.banet.pee import EdgeScale, convert_pee
from banet_edu.course.diagram import network_figure
from banet_edu.course.lesson03.cell import edge_cell_explorer
from banet_edu.course.lesson03.exercise import check_edge, check_pee
from banet_edu.course.lesson03.explorers import edge_explorer, softness_explorer
from banet_edu.course.lesson03.figures import (
    blur_response_figure,
    edge_of_step,
    edge_scales_figure,
    pee_steps_figure,
)
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.switches import switch_explorer
from banet_edu.explain import mean_effects, probe, zone_means
from banet_edu.explain.inside.blocks import edge_maps
from banet_edu.figures.blocks import pyramid_figure
from banet_edu.figures.effects import effects_figure
from banet_edu.figures.style import show

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("03")

# %% [markdown]
# ## 1 One boundary, two windows
#
# Walk across a boundary from bright to dark. The black line below is the brightness. Replace each value by the average
# of the $k$ values around it: the corners get round. What the rounding took away is the *edge*, drawn below.

# %%
show(
    edge_scales_figure(softnesses=(0.3,), kernels=(3, 7)),
    alt="Across a sharp boundary: R and its averages; below, what is left.",
)

# %% [markdown]
# As a formula, for a map and not only a line:
#
# $$\mathrm{edge}_k = R - \mathrm{AvgPool}_{k \times k}(R)$$
#
# $R$ is the map that the window moves over: here the brightness, in the network one that it has learned (part 4). $k$ is the
# width of the window in **cells**, the points of such a map (odd, so that the window has a middle); $\mathrm{AvgPool}$ is the
# average over it. A boundary "blurred by 10 pixels" is one smoothed by a bell curve of that standard deviation: the way from
# bright to dark is then about four times as long. Three things to see:
#
# - where $R$ is constant, nothing is left;
# - the edge is positive on the bright side, negative on the dark side, and **0 on the boundary itself**: its strength
#   $|\mathrm{edge}_k|$ is a double line with the boundary in the middle;
# - on the sharp boundary the wide window answers only a little more strongly than the narrow one.

# %% tags=["nbval-ignore-output"]
times = [
    "weaker than window 3",
    "still about 1.3 times",
    "about 3 times",
    "about 6 times",
]
predictions.choose(
    "window",
    "On the sharp boundary, window 7 answers 1.3 times as strongly as window 3. "
    "How is it on a boundary that is blurred by 10 pixels?",
    times,
)

# %%
strongest = {
    (blur, k): np.abs(edge_of_step(blur, k)[3]).max()
    for blur in (0.3, 10)
    for k in (3, 7)
}
sharp = strongest[0.3, 7] / strongest[0.3, 3]
blurred = strongest[10, 7] / strongest[10, 3]

show(
    edge_scales_figure(softnesses=(0.3, 3, 10), kernels=(3, 7)),
    alt="The same across boundaries blurred by 3 and by 10 pixels: less and less is left.",
)
predictions.compare(
    "window",
    times[np.searchsorted([1, 2, 4.5], blurred)],
    because=f"Sharp: {sharp:.1f} times. Blurred: {blurred:.1f} times. Of its answer to the sharp boundary "
    + " and ".join(
        f"window {k} keeps {strongest[10, k] / strongest[0.3, k]:.1%}" for k in (7, 3)
    )
    + ".",
)

# %% [markdown] tags=["conclusion"]
# On a soft boundary the edge is nearly the *bend* of the curve of $R$ (how much steeper it falls from one cell to the next;
# minus its second derivative), times $(k^2 - 1)/24$. The bend does not depend on $k$; the factor is 2 for $k = 7$ and 1/3 for
# $k = 3$, six times as much. **A wide window loses less on a soft edge: of its answer 1 % is left, of the narrow one's 0.3 %.**
# It pays for that where the boundary is *sharp*: there its double line is wider, so it says less precisely where the boundary
# is. (On the soft ones both lines are as wide as the blur.) That is the idea behind several windows, the *pyramid* of the name.

# %% [markdown]
# Try it on a painted lesion. **Blur its boundary by 8 pixels. From which $k$ on does the curve at the right reach 5 grey
# levels? What happens in the map meanwhile, and where does the curve cross zero?** (Keyboard: Tab to a slider, then the left
# and right keys.)

# %% tags=["nbval-ignore-output"]
softness_explorer()

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# With $k = 3$ nothing is left of the boundary. Only with 25 does the curve reach 5: the double line is back, while in the map
# the texture of lesion and skin comes back, too, and hides it. The zero now lies about 3 pixels *off* the boundary. That is
# the blur, not the window: with a blur of 8 pixels it is 2.5 off at $k = 9$ already, with a blur of 0.5 it stays on the
# boundary even at $k = 25$.
#
# </details>
#
# ## 2 Four stages: the other pyramid
#
# BA-Net does not look at brightness. Its **encoder**, a row of convolutions, computes four maps of *features*, one per
# **stage**, from fine (1) to coarse (4): at each cell not one number but many, its **channels**. Each stage has two windows of
# its own. A window of 5 cells is narrow in stage 1 and huge in stage 4, because the cells grow. We look into
# `banet-lite-phantom`, a small BA-Net that learned from 450 painted images. This is all of it; today's block is blue (CFF and
# F: lesson 05; D puts the answer together):

# %%
model = load_model("banet-lite-phantom")
show(
    network_figure(model, lit="pee", branches=False),
    alt="BA-Net from image to answer, four stages from top to bottom; PEE is blue.",
)

# %%
samples = load_samples("dermoscopy", "test")
sample = samples[0]
trace = probe(model, sample)

field_mm = sample.mask.shape[0] * sample.spacing_mm[0]
print(f"the image is {field_mm:.0f} mm high")
for stage in (1, 2, 3, 4):
    maps = edge_maps(trace, stage)
    cells = next(iter(maps.values())).shape[0]
    spans = ", ".join(f"{k} cells = {k * field_mm / cells:.1f} mm" for k in maps)
    print(f"stage {stage}: {cells:2d} x {cells:2d} cells; windows: {spans}")

show(
    pyramid_figure(trace, sample.image),
    alt="Edge strength of four stages (columns) with two windows each (rows).",
)


def in_zones(stage, case):
    """Edge strength inside the lesion, on its boundary and outside."""
    narrow = next(iter(edge_maps(probe(model, case), stage).values()))
    return zone_means(narrow, case.mask)


zones = {
    stage: np.array([in_zones(stage, case) for case in samples]) for stage in (1, 2)
}
outlined = (zones[1].argmax(axis=1) == 1).sum()
inner = (zones[2][:, 0] > zones[2][:, 1]).sum()
print(f"of {len(samples)} skin images")
print(f"stage 1 is strongest on the boundary in {outlined}")
print(f"stage 2 is stronger inside than on the boundary in {inner}")

# %% [markdown]
# In stage 4 the wide window is larger than the whole image: there, "edge" means "unlike the rest of the picture". Stage 1
# traces the outline of this lesion, and of most. Stage 2 answers more strongly inside than on the boundary, in most: to its
# features a lesion is full of edges. (The lines along the frame come from the encoder, which fills up with zeros beyond it.)
#
# Now other lesions; the orange square is the window, the white one a single cell. **Find one whose outline stage 1 does not
# trace**, and say what answers instead.

# %% tags=["nbval-ignore-output"]
edge_explorer(model, [samples[i] for i in range(4)])

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# The second and the fourth, pale lesions below hairs: there the skin outside answers more strongly than the boundary, with
# hairs, the rim of the lens, and the frame.
#
# </details>
#
# **Touch a cell, see the sum.** One channel now, not the mean of all. Press any cell of the two maps, or move it with the
# sliders. In the middle stand the values of $R$ in its window; the value in the middle less their average is the edge, and it
# is the network's own number. Take a cell on the frame: the values in italics lie beyond the image.

# %% tags=["nbval-ignore-output"]
edge_cell_explorer(model, sample)

# %% [markdown]
# Now blur the boundary of four lesions, from 1 pixel to 16 pixels (1.1 mm), and measure the edge strength on the boundary.

# %% tags=["nbval-ignore-output"]
names = ["stage 1 (fine)", "stage 2", "stage 3", "stage 4 (coarse)"]
predictions.choose(
    "stage",
    "Blurring the boundary by 16 pixels: which stage loses most of its edge strength there?",
    [*names, "all lose the same share"],
)

# %%
blurs = (1, 2, 4, 8, 16)
strength = np.zeros((2, len(blurs), 4, 3))  # windows, blurs, stages, zones
for row, blur in enumerate(blurs):
    for seed in (100, 101, 102, 103):
        phantom = make_phantom("dermoscopy", seed=seed, edge_softness_px=blur)
        seen = probe(model, phantom)
        for stage in (1, 2, 3, 4):
            for window, edges in enumerate(edge_maps(seen, stage).values()):
                strength[window, row, stage - 1] += zone_means(edges, phantom.mask) / 4

on_boundary, outside = strength[..., 1], strength[..., 2]
left, left_wide = on_boundary / on_boundary[:, :1]
contrast = on_boundary[0, :, 0] / outside[0, :, 0]
assert np.ptp(left[-1]) > 0.05  # they do not all lose the same share

show(
    blur_response_figure(blurs, {f"stage {i + 1}": left[:, i] for i in range(4)}),
    alt="Edge strength left on the boundary against its blur, one line per stage.",
)
predictions.compare(
    "stage",
    names[left[-1].argmin()],
    because="Left of it (narrow window, wide window): "
    + ", ".join(
        f"stage {i + 1} {left[-1, i]:.0%}, {left_wide[-1, i]:.0%}" for i in range(4)
    )
    + f". Stage 1, boundary against the skin around it: {contrast[0]:.1f} times as strong "
    f"with the sharp boundary, {contrast[-1]:.1f} times with the blurred one.",
)

# %% [markdown] tags=["conclusion"]
# **A blurred boundary costs stage 1 more than half of its answer, stage 2 more than a third, stage 4 a twentieth.** In stage 1
# it even drowns: the skin around it now answers as strongly. Inside one stage the choice of the window changes much less: $R$
# is learned, and no longer a simple step. Note the price again: a cell of stage 4 is 4.5 mm wide. It can say that there is a
# boundary, not where.

# %% [markdown]
# ## 3 Write it yourself
#
# A snippet on the web computes the average of a map with 32 x 32 cells like this:
#
#     average = F.avg_pool2d(R, 3, padding=1)
#     edge = R - average
#
# (`F` is torch's module of functions here, not the map $F$ of the diagram.)

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "cells",
    "How many cells does this average have?",
    ["32 x 32, like R", "30 x 30", "16 x 16", "11 x 11"],
)

# %%
R = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
average = F.avg_pool2d(R, 3, padding=1)

height, width = average.shape[-2:]
predictions.compare(
    "cells",
    f"{height} x {width}",
    because="avg_pool2d moves its window by the window's own width unless told stride=1.",
)
try:
    edge = R - average
except RuntimeError:
    print("R - average: maps of 32 x 32 and 11 x 11 cells cannot be subtracted.")

# %% [markdown] tags=["conclusion"]
# With `stride=1` the sizes agree, if something is put around the map first.

# %% [markdown]
# What lies beyond the frame of a map? Filling up with zeros darkens the average there, and a constant map gets an edge that
# does not exist:

# %% jupyter={"source_hidden": true}
constant = torch.ones(1, 1, 5, 5)
rows, columns = F.avg_pool2d(constant, 3, stride=1).shape[-2:]
print(f"nothing  : {rows} x {columns} of 5 x 5 cells are left")
for padding in ("zero", "replicate"):
    found = EdgeScale(3, padding=padding)(constant)[0, 0]
    print(
        f"{padding:9s}: side {found[0, 2]:.2f}, corner {found[0, 0]:.2f}, "
        f"middle {found[2, 2]:.2f}"
    )

# %% [markdown]
# The authors' released code pads with zeros; this package repeats the frame (`replicate`) unless told otherwise.
#
# **Exercise 1 (core).** Write `my_edge(R, k)`: $R$ minus its average over $k \times k$ cells, of the same size as $R$,
# without false edges along the frame. $R$ is a tensor `batch x channels x rows x columns` (a *batch*: several images at
# once). Useful: `F.pad(R, (m, m, m, m), mode="replicate")`, which puts $m$ cells on each side, and `F.avg_pool2d`. The check
# says what is wrong, as often as you like.


# %% tags=["exercise"]
def my_edge(R, k):
    # Replace this line: pad, average, subtract.
    raise NotImplementedError


# %% tags=["solution"]
def my_edge(R, k):
    m = k // 2
    padded = F.pad(R, (m, m, m, m), mode="replicate")
    average = F.avg_pool2d(padded, k, stride=1)
    return R - average


# %%
check_edge(my_edge)

# %% [markdown]
# ## 4 The whole block
#
# Here it is at stage 1: $C$, the map that comes in from the encoder; $R$, the map that the windows move over; two edge maps;
# $P$, the result.

# %%
show(
    pee_steps_figure(trace, sample.image, 1),
    alt="The block at stage 1: C, R, two edge maps, P.",
)

# %% [markdown]
# From $C$ to $P$ there are five steps:
#
# 1. reduce: $R = \mathrm{conv}_{1 \times 1}(C)$; stages 2 to 4 keep fewer channels than $C$ has, stage 1 as many;
# 2. one edge map for each window: $\mathrm{edge}_{k_1}, \mathrm{edge}_{k_2}, \dots$;
# 3. join: $[R, \mathrm{edge}_{k_1}, \mathrm{edge}_{k_2}, \dots]$, one behind the other along the channels;
# 4. mix: a $1 \times 1$ convolution without a constant of its own (*bias-free*), then ReLU (negative values become 0);
# 5. fuse: a small $3 \times 3$ convolution gives $P$, the result.
#
# **Exercise 2 (stretch).** For those who have time left; the minutes above do not count it. Write `my_pee(block, C)` with your
# `my_edge`. The block lends you its trained parts: `block.reduce`, `block.mix`, `block.relu`, `block.fuse`, and its windows:
# `[scale.kernel for scale in block.scales.values()]`. Joining is `torch.cat([...], dim=1)`.


# %% tags=["exercise"]
def my_pee(block, C):
    R = block.reduce(C)
    # Replace this line: edges, join, mix, ReLU, fuse.
    raise NotImplementedError


# %% tags=["solution"]
def my_pee(block, C):
    R = block.reduce(C)
    edges = [my_edge(R, scale.kernel) for scale in block.scales.values()]
    pyramid = torch.cat([R, *edges], dim=1)
    return block.fuse(block.relu(block.mix(pyramid)))


# %%
check_pee(my_pee)

# %% [markdown]
# ## 5 Differences or averages?
#
# The paper joins $R$ with the differences. The released code joins $R$ with the **averages** themselves. Which network can do
# more? `convert_pee` turns a trained network into one of the other form, and chooses the weights of the mixing that come
# nearest to what it did.

# %% tags=["nbval-ignore-output"]
sizes = ["by nothing but rounding", "by about 0.01", "by about 0.1", "by more than 0.5"]
predictions.choose(
    "form",
    "All four PEE blocks of the trained network see averages instead of differences, with new "
    "weights behind them. By how much does the probability of a pixel change at most?",
    sizes,
)

# %%
averages = convert_pee(model, "average")
change = np.abs(
    predict(averages, sample).probability - predict(model, sample).probability
).max()

predictions.compare(
    "form",
    sizes[np.searchsorted([0.001, 0.03, 0.3], change)],
    because="Both forms can express the same; the difference form is easier to read.",
)

# %% [markdown] tags=["conclusion"]
# With $A = \mathrm{AvgPool}_{k \times k}(R)$, and the mixing's weights $W_0$ for $R$ and $W_1$ for the map beside it:
#
# $$W_0 R + W_1 A \;=\; (W_0 + W_1)\,R \;-\; W_1\,(R - A)$$
#
# Other weights, the same result.

# %% [markdown]
# ## 6 What is it worth?
#
# Switch PEE off in the trained network (every edge map becomes 0) and predict the 30 bundled test images: skin, polyp and
# lung, 10 of each. The boundary error is the ASSD, the average distance between predicted and true boundary.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "off",
    "In how many of the 30 images is the boundary error SMALLER without PEE?",
    unit="images",
    within=(0, 30),
)

# %%
everything = [
    case
    for kind in ("dermoscopy", "polyp", "lung")
    for case in load_samples(kind, "test")
]
knobs = ["pee off", *(f"stage{i}.pee off" for i in (1, 2, 3, 4))]
table = mean_effects(model, everything, knobs)
off = table.set_index("knob").loc["pee off"]

show(
    effects_figure(table, title="PEE switched off, mean over 30 images"),
    alt="Change of JA and of ASSD with PEE off, at all stages and at each stage.",
)
predictions.compare(
    "off",
    int(off["better"]),
    tolerance=2,
    because=f"The mean error goes from {off['assd_mm_before']:.1f} mm "
    f"to {off['assd_mm_after']:.1f} mm.",
)

# %% [markdown] tags=["conclusion"]
# Three honest remarks.
#
# - On average PEE matters: without it the boundary error grows by more than half. In a few images it is smaller. (Lungs are the
#   largest objects here, so they weigh most in a mean of millimetres; JA weighs all images alike.)
# - The stages do not matter alike: stage 1 most, stage 3 hardly at all (JA even rises a little without it).
# - Switching off asks what *this trained network* leans on. It does not say what a network trained *without* PEE would reach;
#   that is an ablation, and lesson 07.

# %% [markdown]
# Look at single images: **in one of these four the line is closer on average (ASSD) with all PEE off.** Find it. Does HD
# agree in the other three?

# %% tags=["nbval-ignore-output"]
switch_explorer(
    model,
    [everything[i] for i in (10, 0, 14, 20)],
    {"all PEE": "pee off"}
    | {f"PEE of stage {i}": f"stage{i}.pee off" for i in (1, 2, 3, 4)},
)

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# The third. By HD the second is better, too, by 0.1 mm.
#
# </details>
#
# ## 7 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself; try the wrong ones too.

# %% tags=["nbval-ignore-output"]
lesson_quiz("03")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - $\mathrm{edge}_k = R - \mathrm{AvgPool}_{k \times k}(R)$: 0 where the map is constant, a double line along a boundary.
# - On a blurred step a wide window answers more strongly than a narrow one (7 against 3: six times), though far more weakly
#   than on a sharp one; on a sharp step it draws the wider double line. In the network, whose $R$ is learned, the coarse stages
#   keep answering.
# - Three ways to get it wrong: no `stride=1`, no padding, zeros beyond the frame.
# - Differences and averages are two ways of writing the same block.
#
# **Next.** Lesson 04: what the network does with these edges, when an object branch and an edge branch teach each other.
# The block's formula and its sources: [docs/method.md](../docs/method.md); its code: `banet_edu/banet/pee.py`.
