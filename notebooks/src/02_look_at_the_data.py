# %% [markdown]
# # 02 · Look at the data
#
# **For** students; clinicians can read parts 1 to 4. **Time** 50 minutes (the cells themselves run in about ten
# seconds). **You need** lesson 00 and a little Python.
#
# **Afterwards you can**
# - name a trap in each of five public data sets, what it does to your results, and how to see it,
# - turn pixels into millimetres after an image was resized,
# - tell a split that leaks from one that does not, by measurement,
# - check by eye that augmentation treats image and mask alike,
# - write the boundary target, also where the frame cuts an object.
#
# Pictures here are painted ("phantoms"). What is said about the real data sets was measured on them; part 6 measures three of
# the traps on your disk, if you have them. Nothing here is a medical device.

# %%
import os

import numpy as np

from banet_edu import load_samples, open_dataset
from banet_edu.course.lesson02.exercise import check_boundary
from banet_edu.course.lesson02.explorers import (
    augmentation_explorer,
    boundary_target_explorer,
)
from banet_edu.course.lesson02.figures import (
    augmentation_figure,
    augmented,
    frame_share,
    jpeg_figure,
    masks_figure,
)
from banet_edu.course.lesson02.traps import jpeg_levels, painted_films, remembered
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.data.sample import Sample
from banet_edu.datasets.splits import split_names
from banet_edu.figures.style import show
from banet_edu.metrics.overlap import overlap

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("02")

# %% [markdown]
# ## 1 Five data sets, five traps
#
# | data set | counted in our files | what it does to your results |
# |---|---|---|
# | ISIC-2017, skin | 800 images of 256 x 256 pixels, masks of 79 sizes, none square | wrong distances: part 2 |
# | PH2, skin | masks of one bit (20 of 20); 7 of 20 lesions touch the frame | `mask > 127` is empty; the frame: part 5 |
# | Kvasir-SEG, polyps | JPEG masks: 2.5 % of their pixels are neither 0 nor 255 (740 masks) | wrong masks: below |
# | CVC-ColonDB, polyps | 130 video frames; neighbours look alike | wrong scores: part 3 |
# | SZ-CXR, lungs | 446 grey images stored as RGB; 445 masks of two objects, 1 of three | "the largest object" is one lung |
#
# Seen with `Image.open(path).size` and `.mode`, `0 < level < 255`, `scipy.ndimage.label`, and this package's `frame_share`; the
# frames of a video with the naked eye.
#
# The numbers hold for the copies we measured: `tests/notebooks/test_lesson02_claims.py` asserts each one, and is skipped where
# the data are absent. (PH2 has 200 images; we had 20. Objects of 200 pixels or less are not counted.)
#
# None of these raises an error. They change your results silently. Take the JPEG masks: a mask has two values, but JPEG
# smears them.

# %%
sample = load_samples("dermoscopy", "test")[0]
levels = jpeg_levels(sample.mask)  # stored as JPEG, quality 75, and read again

grey = ((levels > 0) & (levels < 255)).mean()
print(f"{100 * grey:.0f} % of the pixels are neither 0 nor 255")
show(
    jpeg_figure(sample, levels, {}),
    alt="A JPEG mask around a corner of the lesion: black, white, and in between.",
)

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "grey",
    "Which pixels of this mask are lesion?",
    ["those above 0", "those above 127", "those of exactly 255"],
)

# %%
read = {
    "those above 0": levels > 0,
    "those above 127": levels > 127,
    "those of exactly 255": levels == 255,
}
show(
    jpeg_figure(sample, levels, read),
    alt="The JPEG mask read in three ways: too large, right, too small.",
)
predictions.compare(
    "grey", max(read, key=lambda name: overlap(read[name], sample.mask)["JA"])
)

# %% [markdown] tags=["conclusion"]
# `mask > 0` is short to write and makes the object too large, in steps of JPEG's blocks of 8 x 8 pixels. Cut in the middle
# between the two labels: at 127 here, at 0.5 in a mask of one bit, which holds 0 and 1. (This package does, and it refuses
# masks with a third level of their own: 0, 128 and 255 may mean two classes.)

# %% [markdown]
# ## 2 How large is a pixel?
#
# The painted image shows 18 mm by 18 mm of skin with 256 x 256 pixels. Networks want small images, so we resize. The
# **spacing** is the size of one pixel in mm, (row, column).

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "spacing",
    "The image is resized to 64 rows and 128 columns. What is the size of a pixel now? (It was 0.07 x 0.07 mm.)",
    ["0.07 x 0.07 mm, as before", "0.28 x 0.14 mm", "0.14 x 0.28 mm", "0.02 x 0.04 mm"],
)

# %%
small = sample.at((64, 128))
show(
    masks_figure({"256 x 256 pixels": sample, "64 x 128 pixels": small}),
    alt="The same lesion in 256 x 256 and in 64 x 128 pixels, each pixel drawn as large.",
)
rows_mm, columns_mm = small.spacing_mm
print(f"before: {sample.spacing_mm[0]:.2f} x {sample.spacing_mm[1]:.2f} mm")
predictions.compare(
    "spacing",
    f"{rows_mm:.2f} x {columns_mm:.2f} mm",
    because="Fewer pixels for the same skin: 4 times as high, twice as wide.",
)


def extent(mask):
    """Height and width of the box around the object, in pixels."""
    rows, columns = np.nonzero(mask)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


for case in (sample, small):
    high, wide = extent(case.mask)
    (row, column) = case.spacing_mm
    print(
        f"{case.mask.shape[0]:3d} x {case.mask.shape[1]:3d}: the lesion is {high:3d} pixels high "
        f"and {wide:3d} wide = {high * row:.0f} mm by {wide * column:.0f} mm"
    )

# %% [markdown] tags=["conclusion"]
# In pixels the lesion is now less than half as high as it is wide; in millimetres nothing happened. **A distance in pixels
# is no distance.** Three rules follow, and this package keeps them:
#
# - the spacing moves with every resize (`sample.at(size)` does it);
# - predictions are measured at the mask's *own* size, not at the network's;
# - where nobody knows the spacing, as in all five data sets above, errors are given in pixels or in percent of the image
#   diagonal. No spacing is ever invented.

# %% [markdown]
# ## 3 Fifteen films, one split
#
# Here are 15 painted films of 8 frames each: one polyp per film, drifting a little.

# %%
films = painted_films()
names = [
    f"film{film:02d}_frame{frame}" for film, frame in ((0, 0), (0, 3), (0, 7), (1, 0))
]
show(
    masks_figure({name: films[name] for name in names}),
    alt="Three frames of one painted film, nearly the same, and one of another film.",
)

# %% [markdown]
# Twenty per cent of the images are kept for the test. Which? And here is a "method" that learns nothing: for a new image it
# looks up the most similar training image and **copies its mask**.

# %% tags=["nbval-ignore-output"]
levels_of_ja = ["below 0.3", "0.3 to 0.6", "0.6 to 0.8", "above 0.8"]
predictions.choose(
    "film",
    "The frames are split at random. Which mean JA does copying reach on the test frames?",
    levels_of_ja,
)

# %%
reached = {}
for name, whole_films in (("random frames", False), ("whole films", True)):
    part = split_names(list(films), contiguous=whole_films)
    copied = remembered(films, part["train"], part["test"])
    reached[name] = np.mean(
        [overlap(mask, films[frame].mask)["JA"] for frame, mask in copied.items()]
    )
    print(f"split by {name:13s}: JA {reached[name]:.2f}")

predictions.compare(
    "film",
    levels_of_ja[np.searchsorted([0.3, 0.6, 0.8], reached["random frames"])],
    because="Every test frame has frames of its own film in the training part.",
)

# %% [markdown] tags=["conclusion"]
# With whole films kept together, the same method finds hardly anything: the first figure measured memory. On the real
# CVC-ColonDB copying reaches a mean JA of 0.36 to 0.45 after a random split, and 0.10 to 0.21 with blocks of frames that follow
# one another (three splits each; part 6 measures one of each on your disk). So this package splits ColonDB by blocks. The rule
# for your own data rests on what you know of it: **what comes from one patient stays in one part.**

# %% [markdown]
# ## 4 Augmentation: image and mask together
#
# Few images? Then training shows each one turned, shifted, stretched and recoloured at random. The mask must make every move
# with it, except the colours. One draw, as it should be:

# %%
samples = load_samples("dermoscopy", "test")
show(
    augmentation_figure(samples[0], 2),
    alt="A sample beside a copy that was turned, shifted and recoloured, its mask with it.",
)

# %% [markdown]
# Now suppose that the mask is left behind, where it was before the move.

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "turned",
    "Compare the mask left behind with the mask that moved along. "
    "What is their mean JA over 200 draws (0 to 1)?",
    within=(0, 1),
)

# %%
agreement = [
    overlap(*augmented(samples[index], seed, "left behind")[1:])["JA"]
    for index in range(10)
    for seed in range(20)
]
predictions.compare(
    "turned",
    round(float(np.mean(agreement)), 1),
    tolerance=0.1,
    because="No error is raised. You find it by looking at image and mask together.",
)
enlarged = [
    overlap(*augmented(samples[index], seed, "bilinear")[1:])["JA"]
    for index in range(10)
    for seed in range(4)
]
print(f"in {agreement.count(1.0)} of the 200 draws only the colours changed: JA 1.00")
print(f"mask enlarged bilinearly, all above 0 kept: mean JA {np.mean(enlarged):.2f}")

# %% [markdown]
# See it, and two more ways to go wrong (Tab, then the left and right keys). JA is that of the mask which training is given with
# the one that belongs to the changed image. *Other draw*: the mask moves too, but by another draw than the image. The last way
# looks harmless: a mask of a quarter of the size, enlarged *bilinearly* (with values in between, as images are) gets a grey
# rim, and `mask > 0` takes the rim for object: that is the last line above, a mean JA of 0.85 over 40 draws. Which draws show
# nothing although the mask was left behind?

# %% tags=["nbval-ignore-output"]
augmentation_explorer([samples[i] for i in (0, 1, 7)])

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# Draws 5, 14 and 20 change the colours only, so they show nothing: one look at one draw is no check.
#
# </details>
#
# ## 5 The boundary target
#
# BA-Net has a second task: draw the boundary. Its target is made from the mask: a pixel belongs to the boundary where the
# window of $k \times k$ pixels around it holds both labels, lesion and background. So the band is $k - 1$ pixels wide. For a
# pixel on the frame, a part of the window lies *outside of the image*. One can repeat the frame's pixels there, or put zeros,
# as the authors' released code does. Here is a lesion that the frame cuts:

# %%
cut = Sample(
    samples[0].image[130:, 40:166],
    samples[0].mask[130:, 40:166],
    "lesion on the frame",
    samples[0].spacing_mm,
)
show(masks_figure({cut.name: cut}), alt="A lesion that the frame of the image cuts.")

# %% tags=["nbval-ignore-output"]
shares = ["none of it", "about a twentieth", "about a fifth", "about half"]
predictions.choose(
    "frame",
    "Zeros lie beyond the frame. Which share of this target (windows of 3 x 3) is a line along the frame, "
    "where no boundary is?",
    shares,
)

# %%
share = {case.name: 100 * frame_share(case.mask) for case in (cut, samples[0])}
predictions.compare(
    "frame",
    shares[np.searchsorted([1, 10, 35], share[cut.name])],
    because=f"{share[cut.name]:.0f} % of this target is false; of a lesion inside the frame, "
    f"{share[samples[0].name]:.0f} %.",
)

# %% [markdown] tags=["conclusion"]
# The target asks the network for a line where the *picture* ends. Repeating the frame's pixels costs nothing and removes the
# false edge.

# %% [markdown]
# See it: start with the frame repeated, then put zeros beyond. And move $k$: does a wider window lessen the false share?

# %% tags=["nbval-ignore-output"]
boundary_target_explorer([cut, samples[1]])

# %% [markdown]
# <details><summary>Found it? Compare.</summary>
#
# It hardly does: the false edge gets wider with the true one.
#
# </details>
#
# As a formula, with the target $B$ (1 on the boundary, 0 elsewhere), the mask $Y$ (1 on the object, 0 elsewhere) and the
# average over the window,
#
# $$B = 1 \;\text{ where }\; |Y - \mathrm{average}_{k \times k}(Y)| > 0 \;\text{ and 0 elsewhere.}$$
#
# **Exercise (core).** Write `my_boundary(mask, k)`: True for each pixel whose $k \times k$ window holds both labels, without
# a false edge along the frame. `mask` is an array of True and False, $k$ is odd. Useful: `np.pad(mask, k // 2, mode="edge")`
# repeats the frame; `np.lib.stride_tricks.sliding_window_view(padded, (k, k))` gives all windows, and `.max(axis=(2, 3))` the
# largest label of each.


# %% tags=["exercise"]
def my_boundary(mask, k):
    # Replace this line: pad, look at all windows, compare largest and smallest.
    raise NotImplementedError


# %% tags=["solution"]
def my_boundary(mask, k):
    padded = np.pad(mask, k // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    largest = windows.max(axis=(2, 3))
    smallest = windows.min(axis=(2, 3))
    return largest != smallest


# %%
check_boundary(my_boundary)

# %% [markdown]
# ## 6 Measure the real data
#
# With `BANET_EDU_DATA` set to a folder that holds `isic2017`, `kvasir_seg` and `cvc_colondb`, this cell measures three of the
# traps on your disk, two of them on the first 50 images. Of Kvasir-SEG it counts polyps on the frame; the grey pixels of its
# JPEG masks are gone already, since this package cuts each mask in the middle when it reads it. No patient's picture is shown.

# %% tags=["nbval-ignore-output"]
if root := os.environ.get("BANET_EDU_DATA"):
    isic = open_dataset("isic2017", f"{root}/isic2017")[:50]
    print("mask sizes among 50 ISIC images:", len({s.mask.shape for s in isic}))

    kvasir = open_dataset("kvasir_seg", f"{root}/kvasir_seg")[:50]
    touching = [frame_share(s.mask) > 0 for s in kvasir]
    print(f"of 50 polyps, {sum(touching)} touch the frame")

    frames = open_dataset("cvc_colondb", f"{root}/cvc_colondb")
    frames = {s.name: s.at(128) for s in frames}
    for name, blocks in (("random frames", False), ("blocks", True)):
        part = split_names(list(frames), contiguous=blocks)
        copied = remembered(frames, part["train"], part["test"])
        ja = np.mean([overlap(m, frames[n].mask)["JA"] for n, m in copied.items()])
        print(f"ColonDB, split by {name}: copying reaches JA {ja:.2f}")
else:
    print("BANET_EDU_DATA is not set: nothing to measure here.")

# %% [markdown]
# ## 7 Quiz
#
# Press an answer, with the mouse or with Tab and Space. Every answer explains itself; try the wrong ones too.

# %% tags=["nbval-ignore-output"]
lesson_quiz("02")

# %%
predictions.summary()

# %% [markdown]
# ## What to take along
#
# - Look at image and mask *together*, before and after every change.
# - A pixel has a size; it changes with every resize; nobody may invent it.
# - What comes from one patient, or one video, stays in one part.
# - The frame is no boundary.
#
# **Next.** Lesson 03: what BA-Net makes of an edge. `banet-edu data check --format ... --root ...` looks for these traps in
# your own data.
