# %% [markdown]
# # 11 · The third dimension: brain MRI
#
# **For** students who know a little Python; clinicians can follow parts 1, 2 and 5. **Time** 55 minutes
# (the cells themselves run in about a minute). **You need** lesson 00; lessons 03 and 07 help.
#
# **Afterwards you can**
# - say what a layer of one voxel around an object does to its volume,
# - find where a network that works slice by slice goes wrong, and in which plane to look for it,
# - compute distances between surfaces in millimetres when voxels are no cubes,
# - say what three dimensions cost and what they bring on a small brain structure, and what this does not decide.
#
# The volumes are real: eight cropped MRIs of one **hippocampus** each (a part of the brain that memory needs), with an expert's
# labels of two parts, **anterior** (its head, in front) and **posterior** (body and **tail**, behind), from the Medical
# Segmentation Decathlon (CC BY-SA 4.0, see `data_samples/hippocampus/README.md`). The networks have not seen them. Nothing here
# is a medical device.

# %%
import numpy as np
import pandas as pd
from scipy import ndimage
from torch import nn
from torch.nn.functional import avg_pool3d, interpolate

from banet_edu import load_model, predict
from banet_edu.course.lesson11.exercise import check_distances
from banet_edu.course.lesson11.explorers import answers_explorer, thickness_explorer
from banet_edu.course.lesson11.slices import lone_share, thick
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.viewer import volume_explorer
from banet_edu.datasets.bundled import load_volumes
from banet_edu.explain import boundary_profile, errors, mean_effects
from banet_edu.figures.effects import effects_figure
from banet_edu.figures.study import overview_figure
from banet_edu.figures.style import show
from banet_edu.figures.volumes.planes import planes_figure
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon, summarise

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("11")

# %% [markdown]
# ## 1 A volume and its voxels
#
# A volume is a stack of slices. Its smallest piece is a **voxel**, a pixel with a depth. Three planes show it: **axial** (the
# slices of the stack, seen from the feet), **coronal** (seen from the front) and **sagittal** (seen from the side).

# %%
volumes = load_volumes()
volume = volumes[0]
model = load_model("banet-lite-hippocampus")
found = predict(model, volume)
print(
    f"{volume.name}: {' x '.join(map(str, volume.shape))} voxels (z, y, x) of {volume.spacing_mm} mm"
)
print({name: round(value, 2) for name, value in found.measurements.items()})

# %% [markdown]
# Both parts count as one object here. The network's outline is coloured by its error: blue where it lies inside the expert's,
# orange where it lies outside. Move through the volume, by its sliders or by a press on a plane. **Where is the outline most
# off, and is there an edge to be seen at that place?**

# %% tags=["nbval-ignore-output"]
volume_explorer(volume, found, by_class=False)

# %%
worst = errors(volume, found).iloc[0]
place = tuple(int(worst[axis]) for axis in "zyx")
profile = boundary_profile(volume, found)  # one row per point of the expert's surface
away = np.linalg.norm(profile[["z", "y", "x"]].to_numpy() - place, axis=1)
there, usual = (
    profile["contrast_sd"].iloc[away.argmin()],
    np.average(profile["contrast_sd"], weights=profile["share"]),
)
print(
    f"most off: {worst['largest_mm']:.1f} mm, at (z, y, x) = {place}, {worst['towards']}"
)
print(f"contrast across the boundary: {there:.2f} there, {usual:.2f} in the mean")
show(
    planes_figure(volume, found, place),
    alt="Three planes through the voxel where the network's outline is most off.",
)

# %% [markdown]
# At the end of the tail, the hind end of the posterior part. *Contrast* is how much inside and outside differ, in standard
# deviations of the volume's grey values; a minus means: the other way round than along most of the surface. So there is no
# edge of the usual kind to hold on to.

# %% tags=["nbval-ignore-output"]
layers = ["by about 5 %", "by about 15 %", "by about half", "it doubles"]
predictions.choose(
    "layer",
    "One layer of voxels (1 mm) is added all around the expert's object. "
    "By how much does its volume grow?",
    layers,
)

# %%
growth = []
for case in volumes:
    inside = case.mask > 0
    growth.append(ndimage.binary_dilation(inside).sum() / inside.sum() - 1)
grown = float(np.mean(growth))
predictions.compare(
    "layer",
    layers[np.searchsorted([0.1, 0.3, 0.75], grown)],
    because=f"By {grown:.0%} in the mean of the eight, {min(growth):.0%} to {max(growth):.0%}.",
)

# %% [markdown] tags=["conclusion"]
# A small object is nearly all surface: the layer lies on all of it. So an outline that is one voxel too far out everywhere,
# hardly to be seen in a picture, makes half a hippocampus more. This lesson measures boundaries in millimetres.

# %% [markdown]
# ## 2 Slice by slice
#
# The simplest way to segment a volume: take a network of images and give it one axial slice after the other. `banet-slices`
# is BA-Net of lessons 03 to 06 with one grey channel, trained on the same volumes for about the same time as BA-Net in 3D. No
# slice knows its neighbours. Below it is called "BA-Net 2D".
#
# Something to count: the label of a **lone voxel** differs from the label below it *and* from the one above it, and these two
# are the same. A real surface has a few of them.

# %%
slices = load_model("banet-slices-lite-hippocampus")


def answers_for(case):
    return {
        "expert": case.mask,
        "BA-Net 3D": predict(model, case).labels,
        "BA-Net 2D": predict(slices, case).labels,
    }


answers = {case.name: answers_for(case) for case in volumes}
who = list(answers[volume.name])

# %% tags=["nbval-ignore-output"]
times = ["as many", "about 3 times", "about 8 times", "about 30 times"]
predictions.choose(
    "lone",
    "Eight volumes, lone voxels in percent of the object: BA-Net 2D's labels have how many times as many as the expert's?",
    times,
)

# %%
shares = {name: [lone_share(each[name]) for each in answers.values()] for name in who}
mean_share = {name: float(np.mean(each)) for name, each in shares.items()}
ratio = mean_share["BA-Net 2D"] / mean_share["expert"]
predictions.compare(
    "lone",
    times[np.searchsorted([1.7, 5, 15], ratio)],
    because=", ".join(f"{name} {share:.1f} %" for name, share in mean_share.items())
    + ".",
)

# %% [markdown]
# Here is the volume in which it jumps most. **Find a coronal or sagittal slice with many crosses. Then look at an axial slice
# through the same place: does the outline there look wrong?**

# %% tags=["nbval-ignore-output"]
jumpy = volumes[int(np.argmax(shares["BA-Net 2D"]))]
answers_explorer(jumpy, answers[jumpy.name])

# %% [markdown]
# In the coronal slice rows of voxels are missing or stick out that the slices below and above have the other way round. In the
# axial slice the outline looks sound: nothing in it says that its neighbours disagree. One has to look *across* the slices.
#
# A lone voxel can be looked for along any axis. An expert draws in slices too. **Across which?**

# %% tags=["nbval-ignore-output"]
planes = ["axial slices", "coronal slices", "sagittal slices", "none of them"]
predictions.choose(
    "expert",
    "The EXPERT's labels, eight volumes: across which slices do they jump the most? "
    "('None': all three below 0.5 % of the object.)",
    planes,
)

# %%
jumps = {
    plane: np.mean([lone_share(case.mask, axis) for case in volumes])
    for axis, plane in enumerate(planes[:3])
}
in_3d = [
    np.mean([lone_share(each["BA-Net 3D"], axis) for each in answers.values()])
    for axis in range(3)
]
print(
    "BA-Net in 3D, across the same:",
    " %, ".join(f"{share:.1f}" for share in in_3d),
    "%",
)
largest = max(jumps, key=jumps.get)
predictions.compare(
    "expert",
    largest if jumps[largest] >= 0.5 else planes[3],
    because=", ".join(f"{share:.1f} % across {plane}" for plane, share in jumps.items())
    + ".",
)

# %% [markdown] tags=["conclusion"]
# As if they had been drawn in coronal slices, one after the other. So the reference has steps of its own, and what we measure
# as a network's error is in part the pen's. The network in 3D learned from 140 such drawings, and jumps in no direction.

# %% [markdown]
# ## 3 BA-Net in three dimensions
#
# Nothing of lessons 03 to 05 has to be learned again: every operation becomes its namesake with one more axis.
#
# | in an image | in a volume |
# |---|---|
# | a convolution looks at 3 × 3 = 9 pixels | at 3 × 3 × 3 = 27 voxels |
# | PEE: a map minus its mean over k × k | over k × k × k: an edge *between* slices counts as well |
# | the boundary: another label within 3 × 3 | within 3 × 3 × 3 |
# | a map is enlarged from 4 neighbours | from 8 |
#
# And every block can be switched off, as before.

# %% tags=["nbval-ignore-output"]
blocks = {
    "PEE off": "pee off",
    "interactive attention off": "ia off",
    "CFF off": "cff off",
}
predictions.choose(
    "block",
    "Eight volumes: which block, switched off, costs the most boundary error (ASSD)?",
    list(blocks),
)

# %%
table = mean_effects(model, volumes, list(blocks.values()))
change = table.set_index("knob")["assd_mm_change"]
bias = table.set_index("knob").loc["pee off"]
show(
    effects_figure(table, title="A block switched off, mean over eight volumes"),
    alt="Change of JA and of ASSD with PEE, interactive attention and CFF switched off.",
)
predictions.compare(
    "block",
    next(said for said, knob in blocks.items() if knob == change.idxmax()),
    because=", ".join(f"{said} {change[knob]:+.2f} mm" for said, knob in blocks.items())
    + f". Mean signed error with PEE {bias['bias_mm_before']:+.2f} mm, without {bias['bias_mm_after']:+.2f} mm.",
)

# %% [markdown] tags=["conclusion"]
# PEE by far. Without it the mean signed error goes from a little too far out to too far in: the edges kept the outline where it
# is. The blocks were trained together, so this says what *this* network leans on, not what training without one would give
# (lesson 07).

# %% [markdown]
# ## 4 Voxels that are no cubes
#
# These voxels are cubes of 1 mm. Often slices are thicker. We keep every third slice only: of the image, of the expert's labels
# and of the network's. The answers stay what they were; only the voxels are taller now.
#
# **HD95** is the distance within which 95 % of the surface's voxels lie, taken from each surface to the other; the larger of
# the two counts. Unlike HD it forgives single voxels.

# %% tags=["nbval-ignore-output"]
counted = ["too small", "the same", "too large"]
predictions.choose(
    "cubes",
    "Slices of 3 mm. HD95 is computed as if voxels were cubes of 1 mm. "
    "What comes out, in the mean of the eight?",
    counted,
)

# %%
rows = []
for case in volumes:
    labels = predict(model, case).labels > 0
    for every in (1, 3):
        stack, kept = thick(case, every), labels[every // 2 :: every]
        true = boundary_metrics(kept, stack.mask > 0, spacing_mm=stack.spacing_mm)[
            "hd95_mm"
        ]
        cubes = boundary_metrics(kept, stack.mask > 0, spacing_mm=(1.0, 1.0, 1.0))[
            "hd95_mm"
        ]
        rows.append({"slices": f"{every} mm", "HD95 in mm": true, "as if cubes": cubes})
each = pd.DataFrame(rows).set_index("slices")
hd95 = each.groupby("slices").mean()
print(hd95.round(2).to_string())
small = (each["as if cubes"] < each["HD95 in mm"])["3 mm"]
print(f"slices of 3 mm: too small in {small.sum()} of {len(small)}")
wrong = hd95.loc["3 mm", "as if cubes"] - hd95.loc["3 mm", "HD95 in mm"]
predictions.compare("cubes", counted[np.searchsorted([-0.05, 0.05], wrong)])

# %% [markdown] tags=["conclusion"]
# An error of one slice counts as 1 and is 3 mm. It is too small in three of the eight volumes and right in the others, because
# most errors here lie *within* slices, which are counted rightly: so nobody notices, until an outline is off across them. (Do
# not compare the two rows: with other slices it is another surface, with other points.)

# %% [markdown]
# Keep every 2nd, 3rd … 6th slice: **at which do the two HD95 differ, and at which not?**

# %% tags=["nbval-ignore-output"]
thickness_explorer(volume, found.labels)

# %% [markdown]
# (At 2 and 3 only. From 4 on 95 % of the surface is off by at most one voxel within its slice.)
#
# **Exercise (core).** Write `my_distances(found, expert, spacing_mm)`: how far is each voxel of one surface from the nearest
# voxel of the other, in millimetres?
#
# - `found` is `N x 3`, the indices (z, y, x) of the voxels of one surface; `expert` is `M x 3`, those of the other;
# - `spacing_mm` is `(z, y, x)`, the size of a voxel along each axis;
# - the result holds `N` numbers. Differences of all pairs at once: `found[:, None] - expert[None]` is `N x M x 3`.


# %% tags=["exercise"]
def my_distances(found, expert, spacing_mm):
    # Replace this line: differences in mm, their lengths, the smallest for each voxel of `found`.
    raise NotImplementedError


# %% tags=["solution"]
def my_distances(found, expert, spacing_mm):
    apart = (found[:, None] - expert[None]) * np.asarray(spacing_mm)
    lengths = np.sqrt((apart**2).sum(axis=2))
    return lengths.min(axis=1)


# %%
check_distances(my_distances)

# %% [markdown]
# The larger of the two 95th percentiles, from `found` to `expert` and back, is HD95; the mean of all these distances, both
# ways, is ASSD.

# %% [markdown]
# ## 5 What it costs, what it brings
#
# Four networks, trained from random weights on 140 volumes, with numbers of steps that were meant to take the same time; one
# rate for all, three seeds. They are measured on 40 volumes that none has seen. Recorded by `benchmarks/volumes.py`:
# [docs/results.md](../docs/results.md#brain-mri-in-three-dimensions).

# %%
costs = {
    name: recorded_facts("volumes-hippocampus", f"{name}-seed0")
    for name in ("banet", "unet", "control", "banet-slices")
}
print(f"{'seed 0':14}{'parameters':>12}{'steps':>8}{'CPU minutes':>13}")
for name, facts in costs.items():
    print(
        f"{name:14}{facts['parameters'][name]:12,}{facts['training']['steps']:8}"
        f"{facts['cpu_minutes']:13.0f}"
    )

# %% [markdown]
# A kernel of 3 × 3 × 3 has three times the weights of 3 × 3, and is multiplied at every voxel: `banet-slices` is twice as wide
# as `banet` and has about as many parameters. `control` is U-Net's decoder on BA-Net's encoder.
#
# In the table that comes, `DI` is Dice, and `nsd_at_1mm` is the share of both surfaces that lies within 1 mm of the other.

# %% tags=["nbval-ignore-output"]
networks = {
    "banet": "BA-Net in 3D",
    "unet": "U-Net in 3D",
    "control": "U-Net's decoder on BA-Net's encoder, 3D",
    "banet-slices": "BA-Net slice by slice",
}
predictions.choose(
    "best",
    "Which has the highest mean Dice over both parts on the 40 test volumes?",
    list(networks.values()),
)

# %%
recorded = pd.concat(
    read_recorded("volumes-hippocampus", f"{name}-seed{seed}").assign(model=name)
    for name in networks
    for seed in (0, 1, 2)
)
columns = ["DI", "assd_mm", "hd95_mm", "nsd_at_1mm"]
# A volume's figure is the mean of its two parts and of three seeds.
per_volume = (
    recorded.groupby(["model", "name"], sort=False)
    .agg({"status": "first"} | dict.fromkeys(columns, "mean"))
    .reset_index()
)
means = per_volume.groupby("model")[columns].mean().loc[list(networks)]
print(means.round(3).to_string())
for other in ("banet-slices", "control"):
    print(f"{other} − banet, mean and 95 % interval over the volumes:")
    for column in columns[:3]:
        test = paired_wilcoxon(per_volume, column, other, "banet")
        print(
            f"{column:8} {test.mean_difference:+.3f} [{test.low:+.3f}, {test.high:+.3f}]"
        )
show(
    overview_figure(per_volume, summarise(per_volume, columns), ("DI", "assd_mm")),
    alt="Dice and ASSD of four networks, a dot per test volume.",
)
predictions.compare(
    "best",
    networks[means["DI"].idxmax()],
    because=", ".join(f"{name} {dice:.3f}" for name, dice in means["DI"].items()) + ".",
)

# %% [markdown] tags=["conclusion"]
# U-Net, clearly, and with less time than BA-Net took. BA-Net and its control are level in Dice; the control's boundary is
# 0.014 mm closer, at the edge of what is clear of 0, and it took less than half of BA-Net's time. What these two share is the
# encoder: they answer on every second voxel along each axis, U-Net on every one. Lesson 07 had that on lungs. Is it the
# reason here?
#
# Slice by slice is 0.011 Dice lower than the same network in 3D: less than one expects from part 2, because few voxels are lone
# ones. Its outline is further off, too, by 0.02 mm on average and by 0.16 mm in HD95. All three intervals of
# `banet-slices` lie on one side of 0: the differences are sure, and small. These means hardly show what part 2 shows: if
# slices must fit one another, look across them.
#
# For nnU-Net about 0.90 and 0.89 are *reported* for the two parts: five folds, a GPU, another split.

# %% tags=["nbval-ignore-output"]
parts = ["less than a fifth", "about half", "all of it"]
predictions.choose(
    "grid",
    "U-Net's scores are averaged over 2 x 2 x 2 voxels, then enlarged again: "
    "BA-Net's grid. How much of its lead over BA-Net is lost, on the eight volumes?",
    parts,
)


# %%
class OnBANetsGrid(nn.Module):
    """A network whose scores are made as coarse as BA-Net's."""

    def __init__(self, network):
        super().__init__()
        self.network, self.spec = network, network.spec

    def forward(self, x):
        scores = self.network(x)
        return interpolate(
            avg_pool3d(scores, 2), size=scores.shape[2:], mode="trilinear"
        )


unet = load_model("unet-lite-hippocampus")
dice = {
    name: evaluate(network, volumes)["DI"].mean()
    for name, network in (
        ("BA-Net", model),
        ("U-Net", unet),
        ("U-Net on BA-Net's grid", OnBANetsGrid(unet).eval()),
    )
}
lost = (dice["U-Net"] - dice["U-Net on BA-Net's grid"]) / (
    dice["U-Net"] - dice["BA-Net"]
)
predictions.compare(
    "grid",
    parts[np.searchsorted([0.2, 0.8], lost)],
    because=", ".join(f"{name} {value:.3f}" for name, value in dice.items()) + ".",
)

# %% [markdown] tags=["conclusion"]
# About half. The other half is not the grid: its ordinary convolutions (BA-Net's blocks use cheaper ones), the steps, the rate,
# one seed, or what BA-Net's blocks cost. This lesson cannot say which.

# %% [markdown]
# ## 6 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself.

# %% tags=["nbval-ignore-output"]
lesson_quiz("11")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - A layer of one voxel (1 mm) around a hippocampus is about half of its volume: look at the boundary first.
# - Slice by slice, outlines jump across the slices; look for it in the other two planes.
# - Distances in a volume need the voxel's three sizes; "as if cubes" is too small wherever an outline is off across thick
#   slices.
# - On this small object U-Net is ahead, half of it by its finer grid; BA-Net and its control are level in Dice (the
#   control's boundary is a little closer), slice by slice comes last. One data set, three seeds. PEE is the block that this
#   BA-Net leans on most.
#
# **Next.** Your own volumes: `banet-edu train --format msd` or `--format folder`, see the README.
