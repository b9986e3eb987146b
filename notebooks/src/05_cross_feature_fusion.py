# %% [markdown]
# # 05 · Cross feature fusion: the stages share what they know
#
# **For** students who know a little Python; clinicians can follow the pictures of parts 1, 2 and 4. **Time** 40 minutes
# (the cells themselves run in about half a minute). **You need** lesson 03; lesson 04 helps.
#
# **Afterwards you can**
# - say what a fine and a coarse stage know, and what each lacks,
# - compute how much of another stage's map passes two gates,
# - write cross feature fusion (CFF) yourself,
# - open and close gates in a trained network, and judge honestly what they are worth.
#
# All images are painted ("phantoms"), so their true boundaries are known. Nothing here is a medical device.

# %%
import numpy as np
import torch.nn.functional as F

from banet_edu import load_model, load_samples
from banet_edu.course.diagram import network_figure
from banet_edu.course.lesson05.cell import fusion_cell_explorer
from banet_edu.course.lesson05.exercise import check_fusion
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.switches import gate_explorer, switch_explorer
from banet_edu.explain import intervene, mean_effects, probe, zone_means
from banet_edu.explain.inside.blocks import gate_matrix
from banet_edu.figures.blocks import gate_maps_figure, gate_matrix_figure
from banet_edu.figures.effects import effects_figure
from banet_edu.figures.ladder import ladder_figure, stage_scores_figure
from banet_edu.figures.maps import zones_figure
from banet_edu.figures.style import show
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.study.compare import evaluate

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("05")

# %% [markdown]
# ## 1 Detail against meaning
#
# A fine stage has small cells: it sees detail, but only a small part of the image at a time. A coarse stage sees the
# whole image in a few cells: it knows what belongs together, but cannot draw a line. Each stage has a side answer (lesson
# 04), given *before* the stages talk. Read the ladder from left (fine) to right (coarse); the last column is the final
# answer.

# %%
model = load_model("banet-lite-phantom")
samples = load_samples("dermoscopy", "test")
sample = samples[4]
trace = probe(model, sample)
show(
    ladder_figure(trace, sample.image, sample.mask),
    alt="Stages 1 to 4 and the final answer: object and edge probability, and contours.",
)

# %% tags=["nbval-ignore-output"]
stages = ["stage 1", "stage 2", "stage 3", "stage 4"]
predictions.choose(
    "alone",
    "Ten skin images: which stage's side answer has the best overlap (JA) on average?",
    stages,
)

# %%
answers = {f"stage {i}": f"stage{i}.side.mask" for i in (1, 2, 3, 4)}
answers["final"] = "logits"
scores = {name: [] for name in answers}
for case in samples:
    seen = probe(model, case)
    for name, signal in answers.items():
        mask = seen.mask_probability(signal, case.mask.shape) >= 0.5
        error = boundary_metrics(mask, case.mask, spacing_mm=case.spacing_mm)
        scores[name].append((overlap(mask, case.mask)["JA"], error["assd_mm"]))
mean_ja = {name: np.mean([ja for ja, _ in rows]) for name, rows in scores.items()}

show(
    stage_scores_figure(scores, "mm"),
    alt="JA and ASSD of each stage's side answer and of the final answer, ten images.",
)
predictions.compare(
    "alone",
    max(stages, key=mean_ja.get),
    because=", ".join(f"{name} {ja:.2f}" for name, ja in mean_ja.items()) + ".",
)

# %% [markdown] tags=["conclusion"]
# Neither the finest nor the coarsest. Each dot is an image: stage 1 is excellent on some and breaks up on others, where
# texture and hairs fool it; stage 4 has 4 × 4 cells. And the final answer beats every stage alone. Two parts of BA-Net
# bring the stages together: **cross feature fusion**, this lesson, and after it the *decoder*, which goes from coarse to
# fine and joins each stage with the one below. Keep the decoder in mind for part 4.

# %% [markdown]
# ## 2 The gates
#
# This is where they stand:

# %%
show(
    network_figure(model, lit="fusion"),
    alt="BA-Net from image to answer; every object branch leads to the fusion of every stage.",
)

# %% [markdown]
# Let $S_1, \dots, S_4$ be the stages' maps after the exchange of lesson 04. At stage $i$ all of them are first resized to its
# size. Then
#
# $$F_i = S_i + (1 - g_i) \sum_{j \neq i} g_j\, S_j \qquad\qquad g_j = \mathrm{sigmoid}(\mathrm{conv}_j(S_j))$$
#
# - $g_j$ is the **gate** of map $j$: between 0 (closed) and 1 (open), for every channel and cell;
# - $g_i$ is the **own gate**. It stands as $1 - g_i$: where the own gate is near 1, the stage listens to nobody;
# - $F_i$ is what stage $i$ knows afterwards. Its own map $S_i$ stays whole.
#
# What of map $j$ arrives at stage $i$ has passed two gates: $(1 - g_i)\, g_j$.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "share",
    "The gates of this network are near 0.5 on average. How large is the mean share "
    "(1 - own gate) x gate of another stage's map?",
    within=(0, 1),
)

# %%
weights = gate_matrix(trace, effective=True)
others = weights[~np.eye(4, dtype=bool)]

show(
    gate_matrix_figure(trace, effective=True),
    alt="Which share of each stage's map arrives at each stage: a 4 x 4 table.",
)
predictions.compare(
    "share",
    round(float(others.mean()), 2),
    tolerance=0.05,
)

# %% [markdown] tags=["conclusion"]
# Twelve numbers near one quarter, $(1 - 0.5) \cdot 0.5$. Every stage hears every other; but, as in lesson 04, the mean
# hides what there is to see. Where are the gates of stage 2 open?

# %%
show(
    gate_maps_figure(trace, 2, sample.image),
    alt="The four gates at stage 2 as maps; the own gate is dark inside the lesion.",
)

# %% tags=["nbval-ignore-output"]
places = ["inside the object", "on its boundary", "outside"]
predictions.choose(
    "where",
    "30 images (skin, polyp, lung): in which zone is stage 2's own gate lowest, "
    "so that it listens most to the others?",
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
    f"own gate of stage {stage}": [
        zone_means(seen.map(f"stage{stage}.cff.gate_own"), case.mask)
        for seen, case in zip(traces, everything, strict=True)
    ]
    for stage in (1, 2, 3)
}

show(
    zones_figure(zones, "own gate (near 1: listens to nobody)"),
    alt="Own gates inside, on the boundary and outside, at stages 1 to 3.",
)
mean = np.nanmean(zones["own gate of stage 2"], axis=0)
predictions.compare(
    "where",
    places[mean.argmin()],
    because="On average: "
    + ", ".join(f"{gate:.2f} {place}" for gate, place in zip(mean, places, strict=True))
    + ".",
)

# %% [markdown] tags=["conclusion"]
# A story that would fit: *inside* an object a fine stage sees texture, and asks the others what it belongs to. Part 4 puts
# it to the test. Hold a gate open or closed yourself, and watch the contour.

# %% tags=["nbval-ignore-output"]
gate_explorer(model, [everything[i] for i in (4, 0, 10, 20)])

# %% [markdown]
# **Touch a cell, see the sum.** One channel now, not the mean of all. Press any cell of the maps, or move it with the sliders: the
# bars are the terms of the sum, and the sum is the network's own number.

# %% tags=["nbval-ignore-output"]
fusion_cell_explorer(model, samples[0])

# %% [markdown]
# ## 3 Write it yourself
#
# **Exercise.** Write `my_fusion(maps, gates, stage)`, which returns $F$ of that stage.
#
# - `maps` is the list $[S_1, S_2, S_3, S_4]$, each `batch x channels x rows x columns`, each of another size;
# - `gates["stage1"]` to `gates["stage4"]` are the gates, each called like a function: `gates["stage3"](S3)`;
# - `stage` is 1, 2, 3 or 4. `resize(map, size)` below is given.


# %%
def resize(map, size):
    """A map at another size (rows, columns); the map itself where the sizes agree."""
    if map.shape[-2:] == size:
        return map
    return F.interpolate(map, size=size, mode="bilinear", align_corners=False)


# %% tags=["exercise"]
def my_fusion(maps, gates, stage):
    own = maps[stage - 1]
    size = own.shape[-2:]
    # Replace this line: resize the others, gate them, add them up.
    raise NotImplementedError


# %% tags=["solution"]
def my_fusion(maps, gates, stage):
    own = maps[stage - 1]
    size = own.shape[-2:]
    heard = 0
    for j in (1, 2, 3, 4):
        if j == stage:
            continue
        other = resize(maps[j - 1], size)
        heard = heard + gates[f"stage{j}"](other) * other
    return own + (1 - gates[f"stage{stage}"](own)) * heard


# %%
check_fusion(my_fusion)

# %% [markdown]
# ## 4 Open and close
#
# With an own gate of 1 a stage hears nobody: that is "CFF off". We switch it off everywhere and at each stage.

# %% tags=["nbval-ignore-output"]
sizes = [
    "it hardly changes (less than 5 %)",
    "it grows by about a quarter",
    "it doubles",
    "nothing is found any more",
]
predictions.choose(
    "off",
    "CFF off at all stages, 30 images: what becomes of the mean boundary error (ASSD)?",
    sizes,
)

# %%
knobs = ["cff off", *(f"stage{i}.cff off" for i in (1, 2, 3, 4))]
table = mean_effects(model, everything, knobs)
off = table.set_index("knob").loc["cff off"]
assert off["left_out"] == 0  # something is found in every image
grows = off["assd_mm_after"] / off["assd_mm_before"]

show(
    effects_figure(table, title="CFF switched off, mean over 30 images"),
    alt="Change of JA and of ASSD with CFF off, at all stages and at each stage.",
)
predictions.compare(
    "off",
    sizes[np.searchsorted([1.05, 1.6], grows)],
    because=f"From {off['assd_mm_before']:.1f} mm to {off['assd_mm_after']:.1f} mm.",
)

# %% [markdown] tags=["conclusion"]
# The contour survives: the decoder still brings the stages together. In about 4 of 30 images it is even better. Stage 1
# alone is odd: JA falls, and so does the error in millimetres, in which lungs, the largest objects here, weigh most. So
# look at the three kinds of images one by one:

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "lung",
    "Stage 1 hears nobody. On which kind of image does JA RISE on average?",
    ["on skin", "on polyps", "on lungs", "on none of them"],
)

# %%
said = {"dermoscopy": "on skin", "polyp": "on polyps", "lung": "on lungs"}
rises = []
for kind in said:
    row = mean_effects(model, load_samples(kind, "test"), ["stage1.cff off"]).iloc[0]
    print(
        f"{kind:10s} JA {row['JA_change']:+.3f}, ASSD {row['assd_mm_change']:+.2f} mm, "
        f"HD {row['hd_mm_before']:.1f} to {row['hd_mm_after']:.1f} mm"
    )
    if row["JA_change"] > 0:
        rises.append(said[kind])
predictions.compare("lung", rises[0] if rises else "on none of them")

# %% [markdown] tags=["conclusion"]
# Better on lungs, then? Only for those who look at means. The largest error, HD, grows on **each of the ten** pairs of lungs,
# by 8 mm on average. And a choice made because of these images would be one made on *test* images: it is made on validation
# images, or not at all.

# %% [markdown]
# ### Where, or how much?
#
# Back to the story of part 2: the own gate is low *inside* the object. Does it matter *where* it is low? Replace each gate's
# map by its mean, channel by channel: the same amount gets through, the same everywhere.

# %% tags=["nbval-ignore-output"]
losses = ["nearly all of it", "about half of it", "less than a fifth of it"]
predictions.choose(
    "flat",
    "All own gates flat, 30 images: how much of the error that CFF saves (ASSD) is lost?",
    losses,
)


# %%
def flat(gate):
    return gate.mean((2, 3), keepdim=True).expand_as(gate)


with intervene(model, {f"stage{i}.cff.gate_own": flat for i in (1, 2, 3, 4)}):
    flattened = evaluate(model, everything)["assd_mm"].mean()
as_is, without = off["assd_mm_before"], off["assd_mm_after"]
lost = (flattened - as_is) / (without - as_is)
predictions.compare(
    "flat",
    losses[2 if lost < 0.2 else 1 if lost < 0.75 else 0],
    because=f"As it is {as_is:.2f} mm, own gates flat {flattened:.2f} mm, CFF off {without:.2f} mm.",
)

# %% [markdown] tags=["conclusion"]
# So this network uses *how much* each channel takes from the other stages, and hardly *where*. The map of part 2 is real, and
# its story does not carry the result. A picture of a gate shows what the network does, not what that is good for: switch it
# off, or flatten it, and measure. (Lesson 04's weights answer the same test otherwise.)

# %% tags=["nbval-ignore-output"]
switch_explorer(
    model,
    [everything[i] for i in (4, 0, 10, 20)],
    {"all fusion": "cff off"}
    | {f"fusion at stage {i}": f"stage{i}.cff off" for i in (1, 2, 3, 4)},
)

# %% [markdown]
# ## 5 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself.

# %% tags=["nbval-ignore-output"]
lesson_quiz("05")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Fine stages have detail, coarse stages meaning; the best single stage lies between, and all together are better.
# - $F_i = S_i + (1 - g_i) \sum_{j \neq i} g_j S_j$: two gates in the way, so about a quarter of each map arrives.
# - The own gate of stage 2 is lowest inside the object: that is where it listens.
# - CFF off costs this network about a quarter more boundary error. Where its own gates are open hardly matters, how much does.
# - Without it stage 1 has a better mean on lungs, and a worst point 8 mm farther off: look at more than one figure.
#
# **Next.** Lesson 06: how all of this is trained. The block's formula and its sources: [docs/method.md](../docs/method.md);
# its code: `banet_edu/banet/cff.py`.
