# %% [markdown]
# # 04 · Interactive attention: two tasks teach each other
#
# **For** students who know a little Python; clinicians can leave out parts 3 and 4. **Time** 50 minutes
# (the cells themselves run in about half a minute). **You need** lesson 03.
#
# **Afterwards you can**
# - compute by hand what one branch takes over from the other, from one weight,
# - read a map of attention, and say what it does *not* show,
# - write interactive attention yourself,
# - tell what each half of the exchange is for, and measure in millimetres what it is worth.
#
# All images are painted ("phantoms"), so their true boundaries are known. Nothing here is a medical device.

# %%
import numpy as np

from banet_edu import load_model, load_samples
from banet_edu.course.diagram import network_figure
from banet_edu.course.lesson04.cell import attention_cell_explorer
from banet_edu.course.lesson04.exercise import check_attention
from banet_edu.course.lesson04.explorers import attention_explorer
from banet_edu.course.lesson04.figures import exchange_diagram
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.switches import switch_explorer
from banet_edu.explain import effect, intervene, mean_effects, probe, zone_means
from banet_edu.explain.inside.blocks import taken_over
from banet_edu.figures.blocks import attention_figure
from banet_edu.figures.effects import effects_figure
from banet_edu.figures.ladder import ladder_figure
from banet_edu.figures.maps import zones_figure
from banet_edu.figures.style import show
from banet_edu.study.compare import evaluate

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("04")

# %% [markdown]
# ## 1 Two questions about the same place
#
# At each stage BA-Net asks twice about every cell: *is this the object?* and *is this its edge?* Two small **branches** answer.
# Here they stand in the network (model: `banet-lite-phantom`, learned from 450 painted images):

# %%
model = load_model("banet-lite-phantom")
show(
    network_figure(model, lit="attention", branches=False),
    alt="BA-Net from image to answer, four stages from top to bottom; the branches are blue.",
)

# %% [markdown]
# Each branch can be read out before the last answer is made: its **side answer** at each stage.

# %%
samples = load_samples("dermoscopy", "test")
sample = samples[0]
trace = probe(model, sample)
show(
    ladder_figure(trace, sample.image, sample.mask),
    alt="Stages 1 to 4 and the final answer: object and edge probability, and contours.",
)

# %% [markdown]
# The two answers belong together: who knows the object knows where its edge is, and the other way round. So BA-Net lets the
# branches talk:

# %%
show(
    exchange_diagram(),
    alt="Each branch keeps what it has and adds a weighted part of the other branch.",
)

# %% [markdown]
# Let $s$ be the features of the object branch ($s$ for *segmentation*) and $e$ those of the edge branch. Each branch computes a
# **weight** $a$ of its own, between 0 and 1 for every channel and cell, and takes over from the other one the **share** $1 -
# a$:
#
# $$S = s + (1 - a_s)\, e \qquad\qquad E = e + (1 - a_e)\, s$$
#
# - $a_s = \mathrm{sigmoid}(\mathrm{conv}(s))$ is the object branch's weight, $a_e$ the edge branch's (a convolution of the
#   branch's own features; the sigmoid squeezes its values to between 0 and 1);
# - a share of 0 means "I keep to myself", of 1 "I add all of yours";
# - $S$ and $E$ are what both know after the exchange. It goes both ways at once: $E$ takes over $s$, not $S$.
#
# The idea behind it: *where I am unsure, I listen.*

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "hand",
    "One cell, one channel: s = 2, e = 4 and the object branch's weight is 0.25. What is S there?",
)

# %%
s, e, a_s = 2, 4, 0.25
S = s + (1 - a_s) * e
predictions.compare(
    "hand", S, because="2 + (1 - 0.25) * 4: three quarters of e arrive."
)

# %% [markdown]
# ## 2 Where does it listen?
#
# Where should the object branch listen? Perhaps where it has most to gain. We measure its share in three zones
# of 30 test images (skin, polyp and lung, 10 of each): inside the object, on its boundary (within one cell), and outside.

# %% tags=["nbval-ignore-output"]
places = ["inside the object", "on its boundary", "outside"]
predictions.choose(
    "where",
    "Stage 2: in which zone does the object branch take over most from the edge branch?",
    places,
)

# %%
everything = [
    case
    for kind in ("dermoscopy", "polyp", "lung")
    for case in load_samples(kind, "test")
]
traces = [probe(model, case) for case in everything]
zones = {
    f"stage {stage}": [
        zone_means(taken_over(seen, stage, "seg"), case.mask)
        for seen, case in zip(traces, everything, strict=True)
    ]
    for stage in (1, 2, 3)
}

show(
    zones_figure(zones, "share of e taken over"),
    alt="Share taken over inside, on the boundary and outside, at stages 1 to 3.",
)
mean = np.nanmean(zones["stage 2"], axis=0)
predictions.compare(
    "where",
    places[mean.argmax()],
    because="Stage 2 on average: "
    + ", ".join(
        f"{share:.2f} {place}" for share, place in zip(mean, places, strict=True)
    )
    + ".",
)

# %% [markdown] tags=["conclusion"]
# Each grey line is an image, the blue one their mean. The nice story does not hold for this network: at stage 2 its object
# branch takes over least *inside* the object, most *outside*. (Where an object has no cell inside, as one small polyp at
# stage 2 and most objects at stage 3, its line has a gap; stage 4 is too coarse for zones.) The formula allows "listen on the
# boundary"; training did not choose it. A mechanism's name, *attention*, is no proof of what it does: look, and measure.

# %% [markdown]
# The maps behind one of these lines, for both directions, each the mean over the channels:

# %%
show(
    attention_figure(trace, sample.image),
    alt="Share taken over at four stages, object from edge (upper row) and edge from object.",
)
shares = [
    taken_over(trace, i, task).mean() for i in (1, 2, 3, 4) for task in ("seg", "edge")
]
assert all(0.45 < share < 0.55 for share in shares)
print(f"the mean of all eight maps: {np.mean(shares):.1f}")

# %% [markdown]
# **The mean of a whole map says little:** all eight are near 0.5, half of the other branch. Only the map shows where.
#
# Follow one exchange step by step: the strength of $s$ and $e$, the share, what arrives, the result. **Is the order of
# the three zones at stage 2 the same in all four images, for the object branch? And for the edge branch?** The numbers above
# the share tell.

# %% tags=["nbval-ignore-output"]
attention_explorer(model, [everything[i] for i in (0, 1, 10, 20)])

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# It is, for both: least inside, most outside, in all four images. The edge branch's shares differ by less.
#
# </details>
#
# **Touch a cell, see the sum.** One channel now, not the mean of all. Press any cell of the four maps, or move it with the
# sliders: below stand $s$, $e$, the share and the result there, and the sum is the network's own number.

# %% tags=["nbval-ignore-output"]
attention_cell_explorer(model, sample)

# %%
share = 1 - trace["stage2.ia.seg_weight"][0].numpy()
inside, _, outside = np.transpose([zone_means(each, sample.mask) for each in share])
print(f"channel 0: {inside[0]:.2f} inside, {outside[0]:.2f} outside")
print(f"more inside than outside: {(inside > outside).sum()} of {len(share)} channels")

# %% [markdown]
# Channel 0 does the opposite of the mean: it takes over most *inside* the object (0.82 against 0.42 outside). So do 11 of the
# 32 channels here. What the zones above measured is the mean of the channels.
#
# ## 3 Write it yourself
#
# **Exercise (core).** Write `my_attention(block, P)`, which returns `S, E`. $P$ is what pyramid edge extraction gave (lesson
# 03). The block lends you four parts, each called like a function: `block.seg_branch` and `block.edge_branch` turn $P$ into
# $s$ and $e$; `block.seg_attention` turns $s$ into $a_s$, `block.edge_attention` turns $e$ into $a_e$ (the sigmoid is in
# there).


# %% tags=["exercise"]
def my_attention(block, P):
    s = block.seg_branch(P)
    # Replace this line: e, both weights, S and E.
    raise NotImplementedError


# %% tags=["solution"]
def my_attention(block, P):
    s = block.seg_branch(P)
    e = block.edge_branch(P)
    S = s + (1 - block.seg_attention(s)) * e
    E = e + (1 - block.edge_attention(e)) * s
    return S, E


# %%
check_attention(my_attention)

# %% [markdown]
# ## 4 Who teaches whom?
#
# Now we interrupt one direction of the exchange at all four stages, and predict again. With $a_s = 1$ the object branch hears
# nothing; with $a_e = 1$ the edge branch hears nothing.

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "half",
    "Which interruption moves the final contour?",
    [
        "only: the object branch hears nothing",
        "only: the edge branch hears nothing",
        "both move it",
        "neither moves it",
    ],
)

# %%
stages = (1, 2, 3, 4)
moved = {}
for who, replaced in {
    "object branch deaf": {f"stage{i}.ia.seg_weight": 1.0 for i in stages},
    "edge branch deaf": {f"stage{i}.ia.edge_weight": 1.0 for i in stages},
}.items():
    cut = effect(model, sample, replaced)
    moved[who] = np.abs(cut.after.probability - cut.before.probability).max()
    most = f"at most {moved[who]:.1f}" if moved[who] else "exactly 0"
    print(f"{who:18s} changes a pixel's probability by {most}")
outcomes = {
    (True, False): "only: the object branch hears nothing",
    (False, True): "only: the edge branch hears nothing",
    (True, True): "both move it",
    (False, False): "neither moves it",
}
predictions.compare(
    "half",
    outcomes[moved["object branch deaf"] > 0, moved["edge branch deaf"] > 0],
)

# %% [markdown] tags=["conclusion"]
# The way to the final contour reads $S$ only; nothing on it reads $E$. So is the second half useless? For this contour it is.
# But not in training: the loss of the edge's side answer (lesson 06) looks at $E = e + (1 - a_e)\, s$, which holds $s$, and
# so it changes the object branch too. **$S$ lets the edge speak when the network is used; $E$ lets the edge teach when it is
# trained.**
#
# Another description of BA-Net has $S = s$ and $E = e + \mathrm{sigmoid}(s)\, s$ ([docs/method.md](../docs/method.md)
# compares the sources): there nothing of $e$ reaches the contour, and the edge helps by teaching only.

# %% [markdown]
# The same network, its branches drawn apart. Follow the arrows to the answer.

# %%
show(
    network_figure(model, lit="attention"),
    alt="BA-Net with the two branches of each stage, their exchange, and the ways to the answer.",
)

# %% [markdown]
# ## 5 What is it worth?
#
# *Exchange off*: all weights are held at 1, so $S = s$ and $E = e$ at every stage. To compare: without PEE the mean error of
# these 30 images grew from 1.5 to 2.4 mm (lesson 03).

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "worth",
    "With the exchange off at all stages: by how many percent does the mean boundary error "
    "(ASSD) of the 30 images grow?",
    unit="%",
)

# %%
knobs = ["ia off", *(f"stage{i}.ia off" for i in stages)]
table = mean_effects(model, everything, knobs)
off = table.set_index("knob").loc["ia off"]
grows = 100 * (off["assd_mm_after"] / off["assd_mm_before"] - 1)

show(
    effects_figure(table, title="interactive attention off, mean over 30 images"),
    alt="Change of JA and of ASSD with attention off, at all stages and at each stage.",
)
predictions.compare(
    "worth",
    round(grows),
    tolerance=8,
    because=f"From {off['assd_mm_before']:.1f} mm to {off['assd_mm_after']:.1f} mm; "
    f"smaller in {off['better']} of the {len(everything)} images.",
)

# %% [markdown] tags=["conclusion"]
# (Lungs are the largest objects here, so they weigh most in a mean of millimetres.) In 4 of the 30 images the contour is
# *better* without the exchange: a reason to look at all images before believing a single one. And mind what was measured: what
# this trained network leans on, not what a network trained without attention would reach (lesson 07).

# %% [markdown]
# **In one of these four images the line is closer on average (ASSD) without the exchange.** Find it. Does HD agree in the
# other three?

# %% tags=["nbval-ignore-output"]
switch_explorer(
    model,
    [everything[i] for i in (0, 18, 10, 20)],
    {"all attention": "ia off"}
    | {f"attention of stage {i}": f"stage{i}.ia off" for i in stages},
)

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# The second. By HD the fourth is better, too: on these lungs HD falls by 2.4 mm, while ASSD grows by 0.7 mm.
#
# </details>
#
# ### Where, or how much?
#
# Stage 2, whose maps part 2 looked at, is worth hardly anything by itself: with the exchange off there alone the error stays
# the same. So does it matter at all *where* the weights are high? Replace each weight's map by its mean, channel by channel,
# at all stages: the same amount is taken over, the same everywhere.

# %% tags=["nbval-ignore-output"]
losses = [
    "less than a quarter of it",
    "a quarter to a half of it",
    "more than half of it",
]
predictions.choose(
    "flat",
    "The exchange makes the mean ASSD of the 30 images smaller. "
    "With all weights flat, how much of this gain is gone?",
    losses,
)


# %%
def flat(weight):
    return weight.mean((2, 3), keepdim=True).expand_as(weight)


def error(weight=None):
    """ASSD in mm of each image, with all the object branch's weights replaced."""
    kept = weight is None
    replaced = {} if kept else {f"stage{i}.ia.seg_weight": weight for i in stages}
    with intervene(model, replaced):
        return evaluate(model, everything)["assd_mm"].to_numpy()


as_is, flattened, without = error(), error(flat), error(1.0)
lost = (flattened - as_is).mean() / (without - as_is).mean()
by_kind = [
    (flattened - as_is)[kind].mean() / (without - as_is)[kind].mean()
    for kind in (slice(0, 10), slice(10, 20), slice(20, 30))
]
predictions.compare(
    "flat",
    losses[np.searchsorted([0.25, 0.5], lost)],
    because=f"As it is {as_is.mean():.2f} mm, weights flat {flattened.mean():.2f} mm, "
    f"off {without.mean():.2f} mm. Gone on "
    + ", ".join(
        f"{kind} {share:.0%}"
        for kind, share in zip(("skin", "polyps", "lungs"), by_kind, strict=True)
    )
    + ".",
)

# %% [markdown] tags=["conclusion"]
# Read the kinds one by one. On lungs most of the gain hangs on *where* the object branch listens; on skin and polyps a fifth
# and a quarter do, and the rest is *how much*. The mean of all 30 tells the lungs' story, because their millimetres are the
# largest.

# %% [markdown]
# ## 6 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself.

# %% tags=["nbval-ignore-output"]
lesson_quiz("04")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - $S = s + (1 - a_s)\, e$: the own branch stays whole, and the weight says how much of the other one is kept out.
# - The mean of a weight's map lies near 0.5 and says little; read maps, and measure zones.
# - At stage 2 of this network the object branch listens most outside the object, not on the boundary.
# - $S$ reaches the contour; $E$ does not. By its formula $E$ holds $s$, so the edge's loss can reach the object branch in
#   training.
# - *Where* it listens counts on lungs, much less on skin and polyps: look at the kinds before you believe a mean.
#
# **Next.** Lesson 05: how the four stages share what they know. The block's formula and its sources:
# [docs/method.md](../docs/method.md); its code: `banet_edu/banet/mini_mtl.py`.
