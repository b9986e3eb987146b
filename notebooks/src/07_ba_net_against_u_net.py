# %% [markdown]
# # 07 · BA-Net against U-Net: a fair comparison
#
# **For** everyone who reads or writes "our network is better"; clinicians can leave out the exercise. **Time** 65 minutes
# (the cells themselves run in about half a minute). **You need** lesson 00; for part 5 lessons 03 to 05 (PEE finds edges,
# attention lets object and edge hear each other, CFF fuses the stages).
#
# **Afterwards you can**
# - list what must be equal before two networks may be compared, and what a control is for,
# - read a paired difference: its size, its interval, its p-value, and what each of them does not say,
# - write a paired bootstrap, and say what pairing does to the interval,
# - tell an ablation from switching a block off.
#
# U-Net wins some of what follows. Pictures show painted images ("phantoms"), values of real images come from recorded
# runs. Nothing here is a medical device.

# %%
from dataclasses import asdict

import numpy as np
import pandas as pd
import torch.nn.functional as F

from banet_edu import load_model, load_samples
from banet_edu.course.lesson07.exercise import check_paired_bootstrap
from banet_edu.course.lesson07.explorers import paired_explorer, resampling_explorer
from banet_edu.course.lesson07.figures import forest_figure, pairs_figure
from banet_edu.course.lesson07.resampling import (
    paired_values,
    percentile_interval,
    resampled_differences,
)
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.explain import intervene
from banet_edu.figures.seeds import seeds_figure, two_questions_figure
from banet_edu.figures.study import ablation_figure
from banet_edu.figures.style import show
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("07")

# %% [markdown]
# ## 1 Equal terms
#
# Two networks learn, two networks are measured. The difference tells something about the *networks* only where nothing else
# differs:
#
# | equal for both | how it gets unfair |
# |---|---|
# | the images to learn from, to choose the epoch by, to test with | one is tested on easier images |
# | the budget: steps, batch size, input size, augmentation | one was tuned for weeks, the other run as it came |
# | the start: random weights, or the same pretrained ones | one starts from a million photos |
# | who chooses the epoch: the *validation* part, never the test part | the best test value of 150 epochs is reported |
# | the seeds, and how many of them | the best of five against one |
# | the measurement: every test image, at the size of its own mask; missed objects counted | failures are left out |
#
# (An *epoch* is one pass over the training images; after each one the network is measured on the validation part.
# *Augmentation* changes training images at random. *Pretrained* weights have learned from other images before. A *seed* is the
# number that fixes what chance does: part 4.)
#
# `banet-edu compare` holds all this equal. What the networks bring along stays different. These are the networks of this
# lesson:

# %%
facts = recorded_facts("phantom-compare")
for name, count in facts["parameters"].items():
    print(f"{name:18s} {count / 1e6:.1f} million parameters")

# %% [markdown]
# `unet_same_encoder` is a **control**: U-Net's decoder behind BA-Net's encoder.
#
# Now two trained networks, `banet-lite-phantom` and `unet-lite-phantom`. Both learned from the same 450 painted images, in
# 500 steps at 128 x 128 pixels. We measure them on the 144 bundled ones: skin, polyp and lung, 48 of each, none of which was
# used in training. In parts 1 to 4 a difference is BA-Net's value minus the other's.

# %%
models = {
    "banet": load_model("banet-lite-phantom"),
    "unet": load_model("unet-lite-phantom"),
}
KINDS = {"dermoscopy": "skin", "polyp": "polyps", "lung": "lungs"}
samples = [sample for kind in KINDS for sample in load_samples(kind)]
kind_of = {sample.name: kind for kind in KINDS for sample in load_samples(kind)}

table = pd.concat(
    [evaluate(model, samples).assign(model=name) for name, model in models.items()],
    ignore_index=True,
)
table["kind"] = table["name"].map(kind_of)
means = table.groupby("model")[["JA", "assd_mm"]].mean()
for name in models:
    print(f"{name:6s} mean JA {means.loc[name, 'JA']:.3f}")
assert means.loc["banet", "JA"] > means.loc["unet", "JA"]
assert (table["status"] == "ok").all()  # no object was missed

# %% [markdown]
# JA is the overlap with the true mask, 1 is perfect. BA-Net's mean is higher, by 0.008.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "images",
    "BA-Net's mean JA is higher. On how many of the 144 images is BA-Net better?",
    unit="images",
    within=(0, 144),
)

# %%
overlap = paired_values(table, "JA", "banet", "unet")
difference = overlap["banet"] - overlap["unet"]

predictions.compare(
    "images",
    int((difference > 0).sum()),
    tolerance=10,
    because=f"On half of the images BA-Net is at least {-difference.median():.2f} worse; "
    "a few large gains outweigh that.",
)

# %% [markdown] tags=["conclusion"]
# Mean and majority disagree, and both are right. Who shows *one* image can "prove" either: choose place 1, then place 144.
# (The slider moves with the left and right keys.)

# %% tags=["nbval-ignore-output"]
paired_explorer(table, samples, models)

# %% [markdown]
# At the right end U-Net loses itself in a hard polyp, at the left end BA-Net does. In between, on most images, hardly anything
# happens. So: no single pictures, all differences.
#
# ## 2 Pairs
#
# How sure is a mean difference? Another 144 images would give another one. The **bootstrap** imitates that: draw 144 images
# *with replacement* from ours (some twice, some not at all), take the mean difference, do it thousands of times. The middle
# 95 % of those means is the *percentile interval*.
#
# Both networks saw the same images. One may draw images and take both values of each (*paired*), or draw the images of each
# network apart, as if there had been two test sets. Take the boundary error ASSD, the mean distance between predicted and
# true boundary in mm.

# %% tags=["nbval-ignore-output"]
widths = ["about as wide", "less than half as wide", "more than twice as wide"]
predictions.choose(
    "width",
    "Compared with drawing apart: how wide is the paired interval of the difference?",
    widths,
)

# %%
boundary = paired_values(table, "assd_mm", "banet", "unet")
interval = {
    paired: percentile_interval(
        resampled_differences(boundary["banet"], boundary["unet"], paired=paired)
    )
    for paired in (True, False)
}
ratio = np.ptp(interval[True]) / np.ptp(interval[False])
correlation = np.corrcoef(boundary["banet"], boundary["unet"])[0, 1]

show(
    pairs_figure(boundary, "assd_mm"),
    alt="Both means with intervals; the images joined; the paired and unpaired interval.",
)
predictions.compare(
    "width",
    widths[1 if ratio < 0.5 else 2 if ratio > 2 else 0],
    because=f"Its width is {ratio:.1f} of the other's. What is hard for one network is hard "
    f"for the other: their errors correlate with {correlation:.1f}.",
)

# %% [markdown] tags=["conclusion"]
# Drawn apart, a resample may give one network the hard images and the other the easy ones. Drawn together, that cancels:
#
# $$\mathrm{Var}(a - b) = \mathrm{Var}(a) + \mathrm{Var}(b) - 2\,\mathrm{Cov}(a, b)$$
#
# $a$ and $b$ are the values of the two networks on one image, $\mathrm{Var}$ their variance over images, $\mathrm{Cov}$
# how much they go up and down together. **Pairing costs nothing and pays whenever the values correlate.** It needs the
# same images for both, which is why tables in two papers cannot be paired.

# %% [markdown]
# How many images does a test need? Each heap below holds 9999 resampled mean differences. Draw the same images for both, and
# go from 144 images to 24: how much does the interval widen, and where does its middle go?

# %% tags=["nbval-ignore-output"]
resampling_explorer(boundary, "assd_mm")

# %% [markdown]
# The width falls with the square root of the number of images: four times as many halve it. So the width of 0.32 instead of
# 0.79 that pairing gave is worth about $(0.79 / 0.32)^2$, or six times the images. By this rule the 0.32 of 144 images would be
# 0.39 with 96, as it is, and 0.78 with 24. The 24 shown give 0.49: they happen to differ less from one another than all do.
# Their middle lies below 0, that of all 144 above. **A small test misjudges the difference, and also how sure it is.**
#
# **Exercise (core).** Write `my_paired_bootstrap(a, b, resamples, level, seed)`: the lower and the upper end of the interval of
# the mean of `a - b`. `a` and `b` are numpy arrays with one value per image, in the same order, none missing; `level` is the
# share of the means that lies between the ends (0.95). The same `seed` gives the same interval. Useful: `rng =
# np.random.default_rng(seed)`, `rng.integers(0, n, n)` draws n numbers from 0 to n - 1, `np.percentile(means, [low, high])`.


# %% tags=["exercise"]
def my_paired_bootstrap(a, b, resamples=2000, level=0.95, seed=0):
    # Replace this line: draw images, mean differences, two percentiles.
    raise NotImplementedError


# %% tags=["solution"]
def my_paired_bootstrap(a, b, resamples=2000, level=0.95, seed=0):
    rng = np.random.default_rng(seed)
    means = np.zeros(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, len(a), len(a))
        means[i] = (a[drawn] - b[drawn]).mean()
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return low, high


# %%
check_paired_bootstrap(my_paired_bootstrap)

# %% [markdown]
# The second tool is **Wilcoxon's signed-rank test**. Forget the sizes for a moment: rank all differences without their
# sign, from the smallest (rank 1) to the largest; add the ranks of the images that favour BA-Net, and those that favour
# U-Net. If the signs were coin tosses, the two sums would be about equal. $p$ is the probability that such tosses give sums
# at least as unequal as ours.

# %%
tests = []
for kind, label in KINDS.items():
    test = paired_wilcoxon(table[table["kind"] == kind], "JA", "banet", "unet")
    tests.append({"label": label, **asdict(test)})
    p = "below 0.001" if test.p_value < 0.001 else f"about {test.p_value:.1g}"
    pairs = paired_values(table[table["kind"] == kind], "JA", "banet", "unet")
    ahead = int((pairs["unet"] > pairs["banet"]).sum())
    print(f"{label:7s} p {p}; U-Net better on {ahead} of {len(pairs)} images")

show(
    forest_figure(pd.DataFrame(tests), ("JA",)),
    alt="banet minus unet on painted skin, polyps, lungs: JA with intervals.",
)

# %% [markdown]
# - **Lungs: U-Net is better**, by 0.01. A small difference, and a sure one: 40 of 48 images agree.
# - **Polyps**: the largest difference, and not sure: the interval holds 0.
# - **Skin**: interval and test disagree. The mean leans to BA-Net, thanks to a few large gains; the ranks lean to U-Net,
#   which is better on 35 of 48 images. Where the two disagree, this package names no winner.
#
# A small $p$ is not a large difference, and a large $p$ is no proof that there is none. Always read the size with its interval
# first.
#
# ## 3 Real images
#
# The same comparison was run on three public data sets: 446 to 800 images each, from random weights, 128 x 128 pixels,
# 1200 steps, one split, one seed. Their values are recorded in [docs/results.md](../docs/results.md). "Better" means here
# that the whole 95 % interval of the paired difference in JA lies on one side of 0.

# %% tags=["nbval-ignore-output"]
outcomes = [
    "BA-Net on all three",
    "BA-Net on two, U-Net on none",
    "BA-Net on one, U-Net on one",
    "U-Net on two or three",
]
predictions.choose(
    "winner", "Skin, lungs, polyps: who is better on how many of them?", outcomes
)

# %%
RUNS = {
    "skin": "isic2017-lite",
    "lungs": "sz_cxr-lite",
    "polyps": "kvasir_seg-lite",
}
recorded = pd.concat(
    read_recorded(run, "paired").assign(data=data) for data, run in RUNS.items()
)
recorded["label"] = recorded["data"] + ": banet − " + recorded["b"]
plain = recorded[recorded["b"] == "unet"]

show(
    forest_figure(plain, ("JA", "assd_pct")),
    alt="BA-Net minus U-Net on skin, lungs, polyps: JA and ASSD with intervals.",
)
ja = plain[plain["column"] == "JA"]
wins = (int((ja["low"] > 0).sum()), int((ja["high"] < 0).sum()))
predictions.compare(
    "winner",
    {(3, 0): outcomes[0], (2, 0): outcomes[1], (1, 1): outcomes[2]}.get(
        wins, outcomes[3]
    ),
    because="BA-Net on polyps, U-Net on lungs; on skin nobody.",
)
for row in ja.itertuples():
    p = "below 0.001" if row.p_value < 0.001 else f"about {row.p_value:.1g}"
    print(
        f"{row.data:6s} JA {row.mean_difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], p {p}"
    )

# %% [markdown] tags=["conclusion"]
# On skin, interval and test disagree again: the interval holds 0, and the ranks lean to U-Net.

# %% [markdown]
# ASSD is in per cent of the image's diagonal here, since no pixel size is known. Look at the lungs: their separate intervals
# *overlap*, and the paired one is far from 0:

# %%
lungs = read_recorded("sz_cxr-lite", "summary").query("metric == 'JA'")
for row in lungs[lungs["model"].isin(models)].itertuples():
    print(f"{row.model:6s} JA {row.mean:.3f} [{row.low:.3f}, {row.high:.3f}]")
paired = ja.set_index("data").loc["lungs"]
print(
    f"paired difference {paired['mean_difference']:+.3f} "
    f"[{paired['low']:+.3f}, {paired['high']:+.3f}]"
)

# %% [markdown]
# Why lungs? BA-Net answers on a grid of 32 x 32 cells and enlarges it; U-Net answers on every pixel. A lung is large and
# its outline smooth, so there is little to *find*: perhaps the grid is what limits the boundary. That can be tried without any
# training. Take the U-Net of part 1, average its answers (the logits, before they become probabilities) over 4 x 4 pixels, and
# enlarge them as BA-Net does:

# %% tags=["nbval-ignore-output"]
on_grid = [
    "U-Net keeps its lead",
    "about half of the lead is left",
    "BA-Net is ahead then",
]
predictions.choose(
    "grid",
    "On the painted lungs of part 1 U-Net leads by 0.011 JA. And when it must answer on BA-Net's grid?",
    on_grid,
)


# %%
def on_the_grid(logits):
    coarse = F.avg_pool2d(logits, 4)
    return F.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)


with intervene(models["unet"], {"logits": on_the_grid}):
    coarse = evaluate(models["unet"], samples).assign(model="unet on the grid")
coarse["kind"] = coarse["name"].map(kind_of)

by_kind = pd.concat([table, coarse]).pivot_table(
    index="kind", columns="model", values="JA"
)
lead = by_kind.rsub(by_kind["banet"], axis=0)
costs = by_kind["unet"] - by_kind["unet on the grid"]
for kind, name in KINDS.items():
    print(
        f"{name:6s} banet − unet {lead.loc[kind, 'unet']:+.3f}, with U-Net on BA-Net's grid "
        f"{lead.loc[kind, 'unet on the grid']:+.3f}: it costs U-Net {costs[kind]:.4f}"
    )

before, after = lead.loc["lung", ["unet", "unet on the grid"]]
predictions.compare(
    "grid",
    on_grid[2 if after > 0.001 else 1 if after > 0.8 * before else 0],
    because=f"{before:+.3f} becomes {after:+.3f}, with not one weight changed.",
)

# %% [markdown] tags=["conclusion"]
# The grid costs this U-Net five to nine times as much on lungs as on skin and polyps, and on these lungs more than its whole
# lead. (A U-Net *trained* on that grid might do better than one that was averaged; and real X-rays are not painted ones.)
#
# (A confession, since this is about fairness: for the real lungs the augmentation was changed after a first BA-Net run had been
# measured on the test part. All three networks got the change, so they are still compared on equal terms, but their
# absolute values may be up to 0.01 JA too good.)

# %% [markdown]
# ### The control
#
# On polyps BA-Net wins clearly, by 0.057. The two networks also differ in their encoder. So a U-Net decoder was put behind
# BA-Net's encoder, and trained like the others.

# %% tags=["nbval-ignore-output"]
left = ["all of it (about 0.06)", "about half (0.03)", "nothing (0.01 or less)"]
predictions.choose(
    "control",
    "How much of BA-Net's lead on polyps is left against unet_same_encoder?",
    left,
)

# %%
rest = recorded.query("data == 'polyps' and b == 'unet_same_encoder'")
rest = rest.set_index("column").loc["JA"]
show(
    forest_figure(recorded, ("JA", "assd_pct")),
    alt="BA-Net minus U-Net, and minus the control, on three data sets.",
)
lead = rest["mean_difference"]
predictions.compare(
    "control",
    left[0 if lead > 0.045 else 1 if lead > 0.015 else 2],
    because=f"{abs(lead):.3f} [{rest['low']:+.3f}, {rest['high']:+.3f}]: at this budget "
    "what brings the lead is in the control too.",
)
summary = read_recorded("kvasir_seg-lite", "summary").query("metric == 'JA'")
for row in summary.itertuples():
    print(f"{row.model:18s} missed {row.n_missed} of {rest['n_pairs']} polyps")

# %% [markdown] tags=["conclusion"]
# Without the control we would have praised the wrong part. It shares with BA-Net the encoder, the grid of 32 x 32 cells and
# more weights than U-Net has; which of the three it is, this does not tell. Nor does it say that BA-Net's blocks are useless:
# the interval reaches from -0.025 to +0.024, so it leaves room for small effects of either sign.
#
# And look at what is *not* in a mean: BA-Net missed five polyps altogether, U-Net one, the control none. A missed
# object counts as JA 0; it has no boundary, so it is left out of the ASSD. Always ask for the number of failures.

# %% [markdown]
# ### The budget
#
# "1200 steps" was one of the equal terms. Equal is not enough: it decides who wins. The bundled networks for skin and polyps
# were trained for 5000 steps, with the same seed on the same images:

# %%
LONGER = {"skin": "isic2017-lite-5000", "polyps": "kvasir_seg-lite-5000"}
for data, longer in LONGER.items():
    for run in (RUNS[data], longer):
        steps = recorded_facts(run)["training"]["steps"]
        pairs = read_recorded(run, "paired")
        row = pairs.query("column == 'JA' and b == 'unet'").iloc[0]
        mean = read_recorded(run, "summary").query("metric == 'JA'").set_index("model")
        print(
            f"{data:6s} {steps} steps: banet {mean.loc['banet', 'mean']:.3f}, "
            f"unet {mean.loc['unet', 'mean']:.3f}, difference "
            f"{row['mean_difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        )

# %% [markdown]
# On polyps the lead has turned round: with this seed both gained by the longer training, and U-Net gained more. Whoever stops
# at 1200 steps reports one winner, whoever stops at 5000 the other, both with an interval clear of 0. So a comparison names its
# budget, and a careful one shows more than one. (One seed each: the next part says what that is worth.)
#
# The learning rate was another of the equal terms: one for all, and tried on BA-Net alone. With the best of three rates for
# each network, 1200 steps and two seeds, BA-Net and U-Net are level on polyps
# ([table](../docs/results.md#what-explains-what): "all on the coarse grid").
#
# The study that BA-Net comes from reports more: 81.0 % JA against U-Net's 76.5 % on skin. It started from weights learned on
# photos (ImageNet), at 256 x 256 pixels, with 150 epochs, and its released code picks the best epoch on the test part. Ours is
# another setting; neither refutes the other.
#
# ## 4 Another seed
#
# All intervals so far ask: what if the test had other *images*? A training has another source of chance: its **seed**,
# which draws the first weights and the order of the images. So the three networks were trained again, several times each:
# on the 450 painted images, 300 steps, 96 x 96 pixels, with nothing changed but the seed. Their values on the 144 bundled
# images are recorded.

# %%
study = read_recorded("phantom-compare", "ablation").query("metric == 'JA'")
against = study.set_index("variant").loc["unet"]
print(f"seeds of each network: {int(against['seeds'])}")
print(
    f"banet − unet, mean over seeds: JA {-against['difference']:+.3f} "
    f"[{-against['high']:+.3f}, {-against['low']:+.3f}]"
)

# %% [markdown]
# Here U-Net has the higher mean, while in part 1, with 500 steps and 128 x 128 pixels, it was BA-Net. The interval does not
# hold 0.

# %% tags=["nbval-ignore-output"]
spreads = [
    "less than a fifth of that difference",
    "about half of it",
    "as much, or more",
]
predictions.choose(
    "seed",
    "Best minus worst seed of the SAME network (U-Net), in mean JA: how much is it?",
    spreads,
)

# %%
seeds = read_recorded("phantom-compare", "seeds")
unets = seeds.query("variant == 'unet' and metric == 'JA'")["mean"]
spread = unets.max() - unets.min()
share = spread / abs(against["difference"])

show(
    seeds_figure(seeds, ("JA", "assd_mm")),
    alt="Mean JA and ASSD of three networks, one dot per seed.",
)
predictions.compare(
    "seed",
    spreads[0 if share < 0.2 else 1 if share < 0.8 else 2],
    because=f"{spread:.3f} between the U-Nets, {abs(against['difference']):.3f} between "
    "the networks.",
)

# %% [markdown]
# The interval over images knows nothing of the next seed. So is U-Net's lead worth nothing? Pairs help here too: networks
# with the same seed see the same images in the same order.

# %%
per_pair = seeds.query("variant == 'unet' and metric == 'JA'")
for row in per_pair.itertuples():
    print(f"seed {row.seed}: banet − unet {-row.difference:+.3f}")
objects = int(against["n_images"] * against["seeds"])
print(f"U-Net missed {int(against['n_missed'])} of {objects} objects")

# %% [markdown]
# Three times out of three U-Net is ahead, the smallest lead less than half of the largest. Three coins fall alike once in
# four, so that is a lean, no proof. (The objects that U-Net missed have no boundary, so they are not in its ASSD.) What to
# do:
#
# - train every network with the same seeds, several of them, and report all: mean and spread;
# - never report the best seed: the best of several looks better than their mean, also when nothing is better;
# - compare a difference with the spread of the seeds before you believe it. The runs of part 3 have one seed each; how
#   large that spread is depends on the images. Part 3's runs again, with three seeds and 800 steps each:

# %%
for data, run in {"polyps": "study-kvasir_seg", "lungs": "study-sz_cxr"}.items():
    for model in models:
        ja_of = [read_recorded(run, f"{n}-{model}")["JA"].mean() for n in range(3)]
        each = "  ".join(f"{value:.3f}" for value in ja_of)
        print(f"{data:6s} {model:5s} JA {each}   best − worst {np.ptp(ja_of):.4f}")

# %% [markdown]
# On the lungs the next seed changes nothing that one could see; on polyps three U-Nets lie further apart (0.095) than BA-Net's
# whole lead of part 3 (0.057). Even so BA-Net is ahead with each of the three, at this budget.
#
#
# ## 5 Without a block: two questions
#
# Lesson 03 switched PEE off in a trained network, and lessons 04 and 05 the attention and the fusion. That asks what *this
# network* leans on. The other question is what *training* needs: leave the block out from the start, and let the rest make
# up for it. That is an **ablation**. First the switches, in the three BA-Nets of part 4, on the same 144 images:

# %%
BLOCKS = {"PEE": "no-pee", "attention": "no-attention", "CFF": "no-cff"}
switched = read_recorded("phantom-ablation", "switched").set_index("variant")
off = {
    block: switched.loc[name, "JA_change"].tolist() for block, name in BLOCKS.items()
}
for block, changes in off.items():
    print(f"{block:9s} off: JA {np.mean(changes):+.3f}, mean of {len(changes)} seeds")

# %% tags=["nbval-ignore-output"]
losses = [
    "about as much (0.06 or more)",
    "about half of it (0.02 to 0.06)",
    "less than 0.02",
]
predictions.choose(
    "ablation",
    "Switching PEE off costs 0.09 JA. How much does a network lose that is TRAINED without PEE?",
    losses,
)

# %%
ablation = read_recorded("phantom-ablation", "ablation")
per_seed = read_recorded("phantom-ablation", "seeds")
overlaps = per_seed.query("metric == 'JA'").groupby("variant")["difference"]
without = {block: overlaps.get_group(name).tolist() for block, name in BLOCKS.items()}

show(
    two_questions_figure(off, without),
    alt="Change of JA by block: switched off after training, and trained without.",
)
lost = -np.mean(without["PEE"])
predictions.compare(
    "ablation",
    losses[0 if lost >= 0.06 else 1 if lost >= 0.02 else 2],
    because=f"It loses {lost:.3f} JA: what is left learns to do without.",
)

# %% [markdown] tags=["conclusion"]
# A trained network leans on its PEE, since it learned with it; one that never had it does almost as well. So a large effect
# of a switch is no proof that training needs the block, and a small effect of an ablation is no proof that a trained network
# ignores it.

# %% [markdown]
# Now the whole ablation, all variants against the full BA-Net with the same seeds. Here a difference is the variant's value
# minus BA-Net's: below 0 the overlap is worse without the block. The first row has no difference to show: its dots are the full
# network's own seeds around their mean.

# %%
show(
    ablation_figure(ablation, per_seed, ("JA", "assd_mm")),
    alt="Each variant minus the full network: JA and ASSD, intervals and seeds.",
)

# %% [markdown]
# - **PEE and CFF**: without either the overlap is about 0.01 lower, clear of 0, and lower with each of the three seeds. The
#   study reports the same sign and a similar size: 1.0 to 1.6 points of JA for PEE, 1.1 for CFF (a point is 0.01).
# - **Attention and the edge task**: no clear effect on the overlap; the seeds do not even agree on its sign. The study reports
#   0.8 to 1.3 points for both together. We did not find them at this budget. The boundary error is even a little *smaller*
#   without the edge task, with each of the three seeds (its interval just holds 0).
# - **The first row** is the yardstick: in JA the full network's own seeds lie further apart than any block moves the mean.
#
# Last, the windows of PEE. The full network has windows 5 and 7 in stages 1 and 2, and 3 and 5 in stages 3 and 4, as the
# authors' released code. What if all stages have the same?

# %%
names = {
    "kernels-3-5": "windows 3, 5",
    "kernels-5-7": "windows 5, 7",
    "kernels-3-5-7": "windows 3, 5, 7",
}
windows, its_seeds = (
    read_recorded("phantom-kernels", part).replace({"variant": names})
    for part in ("ablation", "seeds")
)
show(
    ablation_figure(windows, its_seeds, ("JA", "assd_mm")),
    alt="Other window sizes of PEE minus the full network: JA and ASSD, three seeds.",
)

# %% [markdown]
# No choice of windows differs clearly in overlap: every interval of JA holds 0. With the first seed alone, 5 and 7 everywhere
# looked like a finding (its dot furthest to the left); the next seed had them ahead. (ASSD with 3 and 5 everywhere is a little
# worse, its interval just clear of 0, and one of three seeds says the opposite.)
#
# With data and patience of your own: `banet-edu compare --format isic2017 --root FOLDER --models banet,unet,unet_same_encoder
# --seeds 0,1,2` and `banet-edu ablate --format isic2017 --root FOLDER --seeds 0,1,2`.
#
# ## 6 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself; try the wrong ones too.

# %% tags=["nbval-ignore-output"]
lesson_quiz("07")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Equal terms first: split, budget, seeds, choice of the epoch, measurement; and a control for what else differs.
# - Pair by image. The interval gets narrower where the values correlate, and it costs nothing.
# - Size with interval first, then $p$; mean and majority may disagree.
# - Intervals over images know nothing of seeds: several seeds, all reported.
# - At 1200 steps, all at one rate, BA-Net wins on polyps (its control wins by as much), U-Net on lungs, nobody on skin; after
#   5000 steps U-Net wins on polyps (one seed). With a rate of its own U-Net is level on polyps after 1200 steps.
# - Switched off is not trained without.
#
# **Next.** Lesson 08. All recorded values: [docs/results.md](../docs/results.md); the code:
# `banet_edu/study/compare.py`, `banet_edu/study/ablate.py`, `banet_edu/study/statistics.py`.
