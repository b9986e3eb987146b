# %% [markdown]
# # 05 · Cross feature fusion: the stages share what they know
#
# **For** students who know a little Python; clinicians can follow the pictures of parts 1, 2 and 4. **Time** 55 minutes
# (the cells themselves run in about half a minute). **You need** lesson 03; lesson 04 helps.
#
# **Afterwards you can**
# - say what a fine and a coarse stage know, and what each lacks,
# - compute how much of another stage's map passes two gates,
# - write cross feature fusion (CFF) yourself,
# - open and close gates in a trained network, and name two values that disagree about what a gate is worth, and why.
#
# All images are painted ("phantoms"), so their true boundaries are known. Nothing here is a medical device.

# %%
import numpy as np
from torch.nn.functional import interpolate

from banet_edu import load_model, load_samples
from banet_edu.course.diagram import network_figure
from banet_edu.course.lesson05.cell import fusion_cell_explorer
from banet_edu.course.lesson05.exercise import check_fusion
from banet_edu.course.lesson05.figures import fusion_diagram
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
# ## 1 Detail against overview
#
# A fine stage has small cells: it can draw a line. A coarse stage has the whole image in a few cells: it cannot draw a line,
# but each of its cells has seen far around itself. Each stage has a side answer (lesson 04), given *before* the stages talk.
# Read the ladder from left (fine) to right (coarse); the last column is the final answer.

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
# Neither the finest nor the coarsest. Each dot is an image: stage 1 is excellent on some and breaks up on others; stage 4 has
# 4 × 4 cells. And the final answer is better than every stage alone, on average. Two parts of BA-Net bring the stages
# together: **cross feature fusion**, this lesson, and after it the *decoder*, which goes from coarse to fine and joins each
# stage with the one below.

# %% [markdown]
# ## 2 The gates
#
# This is where the stages hear each other:

# %%
show(
    network_figure(model, lit="fusion"),
    alt="BA-Net from image to answer; every object branch leads to the fusion of every stage.",
)

# %% [markdown]
# And this happens there, in stage 2 for example:

# %%
show(
    fusion_diagram(),
    alt="Three maps, each times its gate, are added, pass 1 minus the own gate, and join the own map.",
)

# %% [markdown]
# Let $S_1, \dots, S_4$ be the stages' maps after the exchange of lesson 04. Stage $i$ first resizes all of them to its own size
# (from here on $S_j$ is the resized map), and has four gates of its own:
#
# $$F_i = S_i + (1 - g_i) \sum_{j \neq i} g_j\, S_j \qquad\qquad g_j = \mathrm{sigmoid}(\mathrm{conv}_j(S_j))$$
#
# - $g_j$ is the **gate** for map $j$: between 0 (nothing passes) and 1 (all passes), for every channel and cell;
# - $g_i$ is the **own gate**. It stands as $1 - g_i$: where the own gate is 1, the stage hears nobody;
# - $F_i$ is what stage $i$ knows afterwards. Its own map $S_i$ stays whole.
#
# All $g$ here belong to stage $i$; another stage has four others. What of map $j$ arrives at stage $i$ has passed two gates:
# $(1 - g_i)\, g_j$.

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
# Twelve numbers near one quarter, $(1 - 0.5) \cdot 0.5$. Every stage hears every other; but, as in lesson 04, a mean over a
# whole map hides where.

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
# Each grey line is an image, the blue one their mean. (A line begins at the boundary where no cell lies inside the object, as
# in most images at stage 3.) A story that would fit: *inside* an object a fine stage sees texture, and asks the others what it
# belongs to. Part 4 puts it to the test.

# %% [markdown]
# The maps behind one of these lines, with the three other gates of stage 2:

# %%
show(
    gate_maps_figure(trace, 2, sample.image),
    alt="The four gates at stage 2 as maps, the own gate first.",
)

# %% [markdown]
# Hold a gate at 1 or at 0 yourself, and watch the contour. **In which of the four images does one gate of stage 2 move it by
# more than 0.1 mm on average?** (The mean stands above the last picture.)

# %% tags=["nbval-ignore-output"]
gate_explorer(model, [everything[i] for i in (4, 0, 10, 20)])

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# Only in the lungs, where each of the four does. But a pixel of the lungs is 1.4 mm wide: counted in pixels, no single gate of
# stage 2 moves any of the four contours by as much as one pixel on average; at its farthest point, by one to three.
#
# </details>
#
# **Touch a cell, see the sum.** One channel now, not the mean of all. Press any cell of the maps, or move it with the
# sliders: the bars are the terms of the sum, and the sum is the network's own number.

# %% tags=["nbval-ignore-output"]
fusion_cell_explorer(model, samples[0])

# %% [markdown]
# ## 3 Write it yourself
#
# **Exercise (core).** Write `my_fusion(maps, gates, stage)`, which returns $F$ of that stage.
#
# - `maps` holds the four maps *before* they are resized, `batch x channels x rows x columns`, each of another size;
# - `gates["stage1"]` to `gates["stage4"]` are the gates, each called like a function (the sigmoid is in there):
#   `gates["stage3"](S3)`, where `S3` is resized already;
# - `stage` is 1, 2, 3 or 4. `resize(values, size)` below is given.


# %%
def resize(values, size):
    """A map at another size (rows, columns); the map itself where the sizes agree."""
    if values.shape[-2:] == size:
        return values
    return interpolate(values, size=size, mode="bilinear", align_corners=False)


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
kinds = {"skin": "dermoscopy", "polyps": "polyp", "lungs": "lung"}
worse = []
for said, kind in kinds.items():
    row = mean_effects(model, load_samples(kind, "test"), ["cff off"]).iloc[0]
    worse.append(f"{said} {row['assd_mm_change']:+.2f} mm, JA {row['JA_change']:+.3f}")

show(
    effects_figure(table, title="CFF switched off, mean over 30 images"),
    alt="Change of JA and of ASSD with CFF off, at all stages and at each stage.",
)
predictions.compare(
    "off",
    sizes[np.searchsorted([1.05, 1.6], grows)],
    because=f"From {off['assd_mm_before']:.1f} mm to {off['assd_mm_after']:.1f} mm; smaller in {off['better']} of the "
    f"{len(everything)} images. By kind: {'; '.join(worse)}.",
)

# %% [markdown] tags=["conclusion"]
# The contour survives. In 4 of the 30 images it is even better. The mean of millimetres is mostly that of the lungs, the
# largest objects here: they lose 0.85 mm, skin 0.03 mm. In JA all three kinds lose the same, about 0.02.

# %% [markdown]
# Now at one stage only:

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "rises",
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

lungs = load_samples("lung", "test")
largest = evaluate(model, lungs)["hd_mm"]
with intervene(model, {"stage1.cff.gate_own": 1.0}):
    grown = (evaluate(model, lungs)["hd_mm"] > largest).sum()
predictions.compare(
    "rises",
    rises[0] if rises else "on none of them",
    because=f"But HD, the largest error, grows on {grown} of the {len(lungs)} lungs.",
)

# %% [markdown] tags=["conclusion"]
# Two values that disagree: the mean error falls on lungs, and JA rises; the farthest point of each outline moves away, by
# 8 mm on average. ASSD is a mean over all points of both lines and hardly feels one corner; HD *is* that corner. Which one
# counts depends on what the outline is for. And a choice made because of these images would be one
# made on *test* images: it is made on images set aside for choosing (*validation images*), or not at all.

# %% [markdown]
# ### Where, or how much?
#
# Back to the story of part 2: the own gate is low *inside* the object. Does it matter *where* it is low? Replace each own
# gate's map by its mean, channel by channel: its mean stays, and it is the same everywhere.

# %% tags=["nbval-ignore-output"]
losses = [
    "less than a quarter of it",
    "a quarter to a half of it",
    "more than half of it",
]
predictions.choose(
    "flat",
    "CFF makes the mean ASSD of the 30 images smaller. "
    "With all own gates flat, how much of this gain is gone?",
    losses,
)


# %%
def flat(gate):
    return gate.mean((2, 3), keepdim=True).expand_as(gate)


def error(gate=None):
    """ASSD in mm of each image, with all own gates replaced."""
    kept = gate is None
    replaced = {} if kept else {f"stage{i}.cff.gate_own": gate for i in (1, 2, 3, 4)}
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
    because=f"As it is {as_is.mean():.2f} mm, own gates flat {flattened.mean():.2f} mm, "
    f"off {without.mean():.2f} mm. Gone on "
    + ", ".join(
        f"{kind} {share:.0%}"
        for kind, share in zip(("skin", "polyps", "lungs"), by_kind, strict=True)
    )
    + ".",
)

# %% [markdown] tags=["conclusion"]
# On polyps and lungs it hardly matters *where* the own gates are low; how low they are on average does the work. On skin,
# where CFF saves fewest millimetres (0.03), place counts for more. So the map of part 2 is real, and its story does not carry
# the result. A picture of a gate shows what the network does, not what that is good for: switch it off, or flatten it, and
# measure. Lesson 04's weights answered the same question otherwise, on the same lungs.

# %% [markdown]
# **In one of these four images the line is closer on average (ASSD) without any fusion.** Find it. Does HD agree in the other
# three?

# %% tags=["nbval-ignore-output"]
switch_explorer(
    model,
    [everything[i] for i in (4, 14, 10, 20)],
    {"all fusion": "cff off"}
    | {f"fusion at stage {i}": f"stage{i}.cff off" for i in (1, 2, 3, 4)},
)

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# The second, by 0.1 mm. By HD the first is better, too, by 0.2 mm.
#
# </details>
#
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
# - Fine stages have small cells, coarse ones the overview; on skin the single stage with the best JA lies between, and all
#   together are better.
# - $F_i = S_i + (1 - g_i) \sum_{j \neq i} g_j S_j$: two gates in the way, so about a quarter of each map arrives.
# - The own gate of stage 2 is lowest inside the object: that is where it listens most, on the mean of all channels.
# - CFF off costs this network about a quarter more boundary error. Where its own gates are low hardly matters on polyps and
#   lungs; how low they are does.
# - Without it stage 1 has a better mean on lungs, and a farthest point 8 mm farther off: look at more than one value.
#
# **Next.** Lesson 06: how all of this is trained. The block's formula and its sources: [docs/method.md](../docs/method.md);
# its code: `banet_edu/banet/cff.py`.
