# %% [markdown]
# # 01 · Why do boundaries fail?
#
# **For** everyone: students, and clinicians who want to know why "the boundary is always a little off". **Time** 45 minutes
# (the cells themselves run in about 15 seconds). **You need** lesson 00, no PyTorch.
#
# **Afterwards you can**
# - say how far two careful readers differ, before you judge a computer,
# - name the way in which a threshold, a growing region and a texture filter fail,
# - explain what pooling does to an edge, in millimetres,
# - measure a mean boundary distance yourself, and say why JA 0.9 can mean 0.3 mm or 3 mm.
#
# All images are painted ("phantoms"), so their true boundaries are known. Nothing here is a medical device.

# %%
import os

import numpy as np
from skimage.filters import threshold_otsu

from banet_edu import load_model, load_samples, make_phantom, open_dataset, predict
from banet_edu.course.lesson01.exercise import check_mean_distance, reader_mask
from banet_edu.course.lesson01.explorers import (
    brightness_explorer,
    pooling_explorer,
    region_growing_explorer,
)
from banet_edu.course.lesson01.pooling import pooled_edge
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.figures.contour import errors_figure
from banet_edu.figures.style import show
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import CLASSICAL, Gabor, Otsu, RegionGrowing, as_grey

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("01")

# %% [markdown]
# ## 1 Two readers and a ruler
#
# Before you ask how far a computer is off, ask how far two people differ. Here are two *simulated* readers: each follows the
# true contour and drifts in and out smoothly, by 0.3 mm typically. (Real readers of blurred lesions differ more.)

# %%
phantom = make_phantom("dermoscopy", seed=7)
first, second = (reader_mask(phantom, reader=number) for number in (1, 2))
between = boundary_metrics(second, first, spacing_mm=phantom.spacing_mm)

show(
    errors_figure(
        phantom.image,
        {"reader 1 against the truth": first, "reader 2 against the truth": second},
        phantom.mask,
        spacing_mm=phantom.spacing_mm,
    ),
    alt="A painted lesion, outlined by two simulated readers; colours show their error.",
)
print(f"between the two readers: {between['assd_mm']:.1f} mm on average,")
print(f"                         {between['hd_mm']:.1f} mm at the worst point")

# %% [markdown]
# Their difference from *each other* is the ruler for everything that follows: a computer that is off by less cannot be told
# from a third reader. ASSD is the mean distance between two boundaries, HD the largest one (lesson 00).
#
# ## 2 One threshold
#
# The oldest idea: lesions are darker than skin, so call everything below one grey level a lesion. Move the level. (Keyboard:
# Tab to a slider, then the left and right keys.) The yellow line is the truth.

# %% tags=["nbval-ignore-output"]
samples = load_samples("dermoscopy", "test")
brightness_explorer([samples[i] for i in (0, 1, 3)])

# %% [markdown]
# In the first image one level cuts the small hill of the lesion off the large one of the skin. **Otsu's method** finds it:
# the level for which the pixels on either side are as alike as possible. In the second image hairs are as dark as the lesion;
# in the third the black rim of the lens takes the level for itself.
#
# ## 3 Growing from a seed
#
# A region can use what a threshold does not: *where* a pixel is. Start at a seed (the white cross). Take in every connected
# pixel whose grey level differs from the seed's by at most a **tolerance**.

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "growth",
    "You raise the tolerance step by step. What will the size of the region do?",
    [
        "grow evenly",
        "grow slowly, then jump to most of the image",
        "grow to the boundary, and stop there",
    ],
)

# %%
tolerances = np.arange(4, 101, 4)
grown = [RegionGrowing(tolerance=float(t)).grow(samples[0].image) for t in tolerances]
share = np.array([100 * region.mean() for region in grown])
largest = int(np.diff(share).argmax())

predictions.compare(
    "growth",
    "grow slowly, then jump to most of the image"
    if np.diff(share).max() > 30
    else "grow evenly",
    because=f"From tolerance {tolerances[largest]} to {tolerances[largest + 1]} it grows from "
    f"{share[largest]:.0f} % to {share[largest + 1]:.0f} % of the image.",
)

# %% [markdown] tags=["conclusion"]
# It **leaks**. One path of similar pixels from inside to outside is enough, and the rule cannot see that an outline would be
# crossed.

# %% [markdown]
# Raise the tolerance yourself, on three images: to the last value that stays inside of the yellow line.

# %% tags=["nbval-ignore-output"]
region_growing_explorer([samples[i] for i in (0, 2, 8)])

# %% [markdown]
# ## 4 Texture
#
# Perhaps not the grey level tells the lesion from skin, but its *pattern*. A **Gabor filter** answers where the image has
# stripes of one width and direction. Twelve of them (three widths, four directions) and the grey level give each pixel 13
# numbers; `k-means` sorts the pixels into two groups of similar numbers. A texture needs room, though: to see a stripe of 16
# pixels, a filter must look at 16 pixels and more, on both sides of a boundary at once. On the ten skin images of the test
# part it does not pay: of the seven in which both find something, the threshold's outline is closer in five, the texture's in
# one, and one is a draw.
#
# And is it texture at all? k-means listens to what varies most, and here that is the grey level, with nine tenths of the
# variance and more. Switch it off (`Gabor(grey=False)`), and the mean JA on the ten skin images falls from 0.54 to 0.24. So
# what worked was one more threshold.

# %%
names = {
    "otsu": "Otsu with rules",
    "region_growing": "region growing",
    "gabor": "Gabor texture",
}
sample = samples[0]
show(
    errors_figure(
        sample.image,
        {names[name]: CLASSICAL[name]()(sample.image) >= 0.5 for name in CLASSICAL},
        sample.mask,
        spacing_mm=sample.spacing_mm,
    ),
    alt="Three classical methods on one lesion, their boundaries coloured by error.",
)

# %% [markdown]
# This lesion is easy: all three find it, and texture (JA 0.92) draws it better than the region (0.87). One picture says little,
# which is why the figures above count ten. "With rules": in our package's Otsu more than one grey level is at work. The black
# rim of the lens does not count; of the two groups, dark and bright, the one that touches the border less is the lesion; hairs,
# specks and what hangs along the frame are removed, holes filled.
#
# ## 5 A network that learned
#
# `unet-lite-phantom` is a small U-Net, `banet-lite-phantom` a small BA-Net (lessons 03 to 05). Both have seen 450 painted
# images with their masks, and none of the ones below. The classical methods have seen nothing: their settings were fixed by
# hand once. Now all of them, and the bare grey level beside them, on the 30 bundled test images.

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "best",
    "On how many of the 10 skin images does Otsu's bare grey level beat the U-Net in JA?",
    ["on none", "on 1 or 2", "on 3 to 6", "on 7 or more"],
)


# %%
def one_grey_level(image):
    grey = as_grey(image)
    return grey < threshold_otsu(grey)


methods = {"one grey level": one_grey_level}
methods |= {names[name]: CLASSICAL[name]() for name in CLASSICAL}
networks = {
    "U-Net": load_model("unet-lite-phantom"),
    "BA-Net": load_model("banet-lite-phantom"),
}


def answer(name, image):
    if name in networks:
        return predict(networks[name], image).mask
    return methods[name](image) >= 0.5


scores = {}
print(f"{'mean over 10 images':20s}{'skin':>18s}{'polyp':>18s}{'lungs':>18s}")
for name in [*methods, *networks]:
    line = f"{name:20s}"
    for kind in ("dermoscopy", "polyp", "lung"):
        rows = []
        for case in load_samples(kind, "test"):
            found = answer(name, case.image)
            row = boundary_metrics(found, case.mask, spacing_mm=case.spacing_mm)
            rows.append(row | overlap(found, case.mask))
        ja = scores[name, kind] = np.array([row["JA"] for row in rows])
        hit = [row["assd_mm"] for row in rows if row["status"] == "ok"]
        off = f"{np.mean(hit):.1f} mm" if hit else "-"
        line += f"{ja.mean():6.2f}{off:>9s}{10 - len(hit):>3d}"
    print(line)
print("\nEach: JA, mean boundary error (ASSD), images in which nothing was found.")

# %%
network = scores["U-Net", "dermoscopy"]
better = int((scores["one grey level", "dermoscopy"] > network).sum())
ruled = int((scores["Otsu with rules", "dermoscopy"] > network).sum())
predictions.compare(
    "best",
    "on none"
    if better == 0
    else "on 1 or 2"
    if better <= 2
    else "on 3 to 6"
    if better <= 6
    else "on 7 or more",
    because=f"It is {better}; with the rules around it, {ruled}. Where only the lesion is dark, a grey level follows "
    "its outline pixel by pixel.",
)

# %% [markdown] tags=["conclusion"]
# Read the table with care.
#
# - **Otsu with rules wins half of the skin images, and loses the lesion altogether in four others.** It is the rules that win
#   (hair and rim are dark as well), and the rules that lose: in three images a dark border makes them take the bright skin
#   for the lesion, and then remove it, so nothing is found; in one the lesion hangs together with the frame and is removed,
#   and what is left lies elsewhere. The bare level always finds something, mostly too much. The networks find the lesion
#   in every image: they have learned *what* to look for. That is their gain, more than precision.
# - The boundary error leaves out images in which nothing was found: it would flatter whoever gives up. So the count stands
#   beside it, always.
# - Lungs defeat the simple rules here: of two groups of pixels they take the one that touches the border less, and that is the
#   body, not the lungs. That is no law: rules made for chest X-rays do better. Each new kind of image needs new rules; a
#   network needs new examples.
# - And the networks' boundaries are *still* off: on skin about as much as our two readers differ, around the lungs by about
#   3 mm. Why?

# %% [markdown]
# ## 6 What pooling does to an edge
#
# To see the whole lesion at once, a network makes its maps coarse. **Max pooling** with stride 8 replaces 8 pixels by their
# largest value. Afterwards the map is blown up again. Where is the edge then?

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "pooling",
    "Stride 16; one pixel is 0.07 mm wide. By how many mm can max pooling move an edge at most?",
    unit="mm",
)

# %% tags=["nbval-ignore-output"]
pooling_explorer()

# %%
pixel_mm = 18 / 256
worst = {
    kind: max(
        abs(pooled_edge(float(at), 16, kind)[2] - at) for at in np.arange(24, 41, 0.25)
    )
    for kind in ("max", "average")
}
predictions.compare(
    "pooling",
    round(worst["max"] * pixel_mm, 1),
    tolerance=0.2,
    because=f"Nearly 16 pixels. Average pooling: {worst['average'] * pixel_mm:.1f} mm at most.",
)

# %% [markdown] tags=["conclusion"]
# The edge jumps to the end of its cell: the position *inside* the cell is lost. An average keeps most of it, since the value
# of the cell says how full it is. Networks know ways around: U-Net hands the fine maps across (*skips*), BA-Net adds edge maps
# and a second task that draws edges. How well they work is what this course measures.

# %% [markdown]
# ## 7 JA says 0.9. What does the boundary say?
#
# Take the true masks of a mole and of two lungs and push their outlines outwards evenly until JA has fallen to 0.90.

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "ja",
    "At JA 0.90, how much farther off is the boundary of the lungs than that of the mole?",
    ["equally far", "about 3 times", "about 10 times", "about 100 times"],
)


# %%
def pushed_to_90(kind):
    """A phantom, its outline pushed outwards until JA falls below 0.90, and the error."""
    case = make_phantom(kind, seed=7)
    for growth in np.arange(0.1, 20, 0.1):  # pixels
        grown = case.signed_distance_px < growth
        if overlap(grown, case.mask)["JA"] < 0.9:
            break
    return case, grown, boundary_metrics(grown, case.mask, spacing_mm=case.spacing_mm)


def draw(case, grown):
    pair = {"pushed outwards": grown, "the truth": case.mask}
    return errors_figure(case.image, pair, case.mask, spacing_mm=case.spacing_mm)


mole, wide_mole, mole_error = pushed_to_90("dermoscopy")
lungs, wide_lungs, lung_error = pushed_to_90("lung")
show(draw(mole, wide_mole), alt="A mole, its outline pushed outwards to a JA of 0.90.")
show(draw(lungs, wide_lungs), alt="Two lungs, pushed outwards to a JA of 0.90.")

ratio = lung_error["assd_mm"] / mole_error["assd_mm"]
predictions.compare(
    "ja",
    "about 10 times" if 5 < ratio < 30 else "about 3 times",
    because=f"Mole: {mole_error['assd_mm']:.1f} mm. Lungs: {lung_error['assd_mm']:.1f} mm.",
)

# %% [markdown] tags=["conclusion"]
# **The same JA, 0.3 mm here and 3 mm there.** (The mole's seam *looks* wider, since its picture is a close-up: a pixel of the
# mole is 0.07 mm wide, one of the lungs 1.37 mm. Pictures without a scale deceive.) JA divides by the area, so it forgives a
# large object a wide seam. Whoever cuts or irradiates along the line needs the millimetres. This course gives both, always.

# %% [markdown]
# ## 8 Measure it yourself
#
# **Exercise.** Write `my_mean_distance(a, b, spacing_mm)`. `a` and `b` are two contours, arrays of points
# $N \times 2$ and $M \times 2$ (row, column) in pixels; `spacing_mm` is the (row, column) size of a pixel in mm. For each
# point of `a` take the distance to the nearest point of `b`, and the other way round; return the mean of all $N + M$
# distances, in mm. Useful: `a[:, None] - b[None]` has the shape $N \times M \times 2$: all differences at once.


# %% tags=["exercise"]
def my_mean_distance(a, b, spacing_mm):
    # Replace this line: differences in mm, distances, nearest ones, mean.
    raise NotImplementedError


# %% tags=["solution"]
def my_mean_distance(a, b, spacing_mm):
    difference = (a[:, None] - b[None]) * np.array(spacing_mm)
    distance = np.sqrt((difference**2).sum(axis=-1))
    nearest = np.concatenate([distance.min(axis=1), distance.min(axis=0)])
    return nearest.mean()


# %%
check_mean_distance(my_mean_distance)

# %% [markdown]
# ## 9 On a real image
#
# If you have the ISIC-2017 images (lesson 02 says where from), start JupyterLab with `BANET_EDU_DATA` set to the folder
# that holds them. Their pixel size is unknown, so errors are in pixels. The picture is shown, but not saved with the notebook.

# %% tags=["nbval-ignore-output"]
if root := os.environ.get("BANET_EDU_DATA"):
    real = open_dataset("isic2017", f"{root}/isic2017", split="test")[0]
    answers = {
        "Otsu": Otsu()(real.image),
        "region growing": RegionGrowing()(real.image),
        "Gabor texture": Gabor()(real.image),
        "U-Net": predict(load_model("unet-lite-dermoscopy"), real.image).probability,
    }
    show(
        errors_figure(
            real.image,
            {name: answer >= 0.5 for name, answer in answers.items()},
            real.at(real.image.shape[:2]).mask,
            spacing_mm=None,
        ),
        alt="A photo of a skin lesion with four predicted boundaries.",
        private=True,
    )
else:
    print("BANET_EDU_DATA is not set: no real image to try the methods on.")

# %% [markdown]
# ## 10 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself; try the wrong ones too.

# %% tags=["nbval-ignore-output"]
lesson_quiz("01")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Two readers differ; their difference is the ruler.
# - A threshold knows no place, a growing region no outline, a texture filter no exact position.
# - A network knows what to look for; its pooling forgets where exactly.
# - JA and millimetres answer different questions, and missed images must be counted.
#
# **Next.** Lesson 02: the data that all of this depends on, and the traps in it. The methods' code:
# `banet_edu/networks/classical.py`.
