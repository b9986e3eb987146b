# %% [markdown]
# # 02 · Look at the data
#
# **For** students; clinicians can read parts 1, 2 and 4. **Time** 40 minutes (the cells themselves run in about ten
# seconds). **You need** lesson 00 and a little Python.
#
# **Afterwards you can**
# - name a trap in each of five public data sets, and how to see it,
# - turn pixels into millimetres after an image was resized,
# - tell a split that leaks from one that does not, by measurement,
# - check by eye that augmentation treats image and mask alike,
# - write the boundary target, without the false edge along the frame.
#
# Pictures here are painted ("phantoms"). What is said about the real data sets was measured on them; the last part measures
# it again on your disk, if you have them. Nothing here is a medical device.

# %%
import os

import numpy as np

from banet_edu import load_samples, open_dataset
from banet_edu.course.lesson02.exercise import check_boundary
from banet_edu.course.lesson02.explorers import (
    augmentation_explorer,
    boundary_target_explorer,
)
from banet_edu.course.lesson02.figures import augmented, frame_share
from banet_edu.course.lesson02.traps import jpeg_levels, painted_films, remembered
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.data.sample import Sample
from banet_edu.datasets.splits import split_names
from banet_edu.figures.contour import errors_figure
from banet_edu.figures.style import show
from banet_edu.metrics.overlap import overlap

# To keep your answers in a file, start with: banet-edu lab --predictions my_answers.json
predictions = Predictions("02")

# %% [markdown]
# ## 1 Five data sets, five traps
#
# | data set | what bites, counted in our files | measured with |
# |---|---|---|
# | ISIC-2017, skin lesions | 800 images of 256 x 256 pixels, masks of 79 sizes, none square | `Image.open(path).size` |
# | PH2, skin lesions | masks of one bit (20 of 20); 7 of 20 lesions touch the frame | `Image.open(path).mode`, `frame_share` |
# | Kvasir-SEG, polyps | JPEG masks: 2.5 % of their pixels are neither 0 nor 255 (740 masks) | `0 < level < 255` |
# | CVC-ColonDB, polyps | 130 video frames; neighbours look alike: random splits leak | `difference_hash`, `split_names` |
# | SZ-CXR, lungs | 446 grey images stored as RGB; 445 masks of two objects, 1 of three | `scipy.ndimage.label` |
#
# The numbers hold for the copies we measured: `tests/notebooks/test_lesson02_claims.py` asserts each one, and is skipped where
# the data are absent. (PH2 has 200 images; we had 20. Objects of 200 pixels or less are not counted.)
#
# None of these raises an error. They change your figures silently. Take the JPEG masks: a mask has two values, but JPEG
# smears them. Which of its grey pixels are lesion?

# %%
sample = load_samples("dermoscopy", "test")[0]
levels = jpeg_levels(sample.mask)  # stored as JPEG, quality 75, and read again

grey = ((levels > 0) & (levels < 255)).mean()
print(f"{100 * grey:.0f} % of the pixels are neither 0 nor 255")
show(
    errors_figure(
        sample.image,
        {
            "above 0": levels > 0,
            "above 127": levels > 127,
            "exactly 255": levels == 255,
        },
        sample.mask,
        spacing_mm=sample.spacing_mm,
    ),
    alt="One JPEG mask read in three ways: too large, right, too small, in steps of 8 pixels.",
)

# %% [markdown]
# `mask > 0`, the line that everybody writes, makes objects too large, in steps of JPEG's blocks of 8 x 8 pixels. Cut in the
# middle, at 127. (This package does, and it refuses masks with a third level of their own: 0, 128 and 255 may mean two
# classes.)
#
# ## 2 How large is a pixel?
#
# The painted lesion is 18 mm by 18 mm of skin, drawn with 256 x 256 pixels. Networks want small images, so we resize. The
# **spacing** is the size of one pixel in mm, (row, column).

# %% tags=["nbval-ignore-output"]
predictions.choose(
    "spacing",
    "The image is resized to 64 rows and 128 columns. What is the size of a pixel now? (It was 0.07 x 0.07 mm.)",
    ["0.07 x 0.07 mm, as before", "0.28 x 0.14 mm", "0.14 x 0.28 mm", "0.02 x 0.04 mm"],
)

# %%
small = sample.at((64, 128))
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
# - where nobody knows the spacing, as in all five data sets above, errors are given in percent of the image diagonal. No
#   spacing is ever invented.

# %% [markdown]
# ## 3 Fifteen films, one split
#
# Twenty per cent of the images are kept for the test. Which? Below are 15 painted films of 8 frames each: one polyp per
# film, drifting a little. And here is a "method" that learns nothing: for a new image it looks up the most similar training
# image and **copies its mask**.

# %% tags=["nbval-ignore-output"]
levels_of_ja = ["below 0.3", "0.3 to 0.6", "0.6 to 0.8", "above 0.8"]
predictions.choose(
    "film",
    "The frames are split at random. Which mean JA does copying reach on the test frames?",
    levels_of_ja,
)

# %%
films = painted_films()
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
# CVC-ColonDB copying reaches a mean JA of 0.36 to 0.45 after a random split, and 0.10 to 0.21 with contiguous blocks (three
# splits each; part 6 measures it on your disk). So this package splits ColonDB by blocks.
#
# Would a search for duplicates have warned you? Here, no. A *difference hash* turns an image into 256 bits. The hashes of
# neighbouring ColonDB frames differ in 71 bits (median), those of frames at least 40 apart in 107: clearly more alike, and
# yet none of the 129 neighbouring pairs comes below the 8 bits at which `banet-edu data check` reports a near duplicate. The
# rule for your own data rests on what you know of it: **what comes from one patient stays in one part.**

# %% [markdown]
# ## 4 Augmentation: image and mask together
#
# Few images? Then training shows each one turned, shifted, stretched and recoloured at random. The mask must make every move
# with it, except the colours. It goes wrong in three ways below (Tab, then the left and right keys). The last one looks
# harmless: a mask of a quarter of the size, enlarged *bilinearly* as images are, gets a grey rim, and `mask > 0` takes the
# rim for object.

# %% tags=["nbval-ignore-output"]
samples = load_samples("dermoscopy", "test")
augmentation_explorer([samples[i] for i in (0, 1, 7)])

# %% tags=["nbval-ignore-output"]
predictions.guess(
    "turned",
    "The mask is left behind while the image moves. Mean JA of the masks that training then sees, over 200 draws?",
    unit="JA",
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
print(f"mask enlarged bilinearly, all above 0 kept: mean JA {np.mean(enlarged):.2f}")

# %% [markdown]
# ## 5 The boundary target
#
# BA-Net has a second task: draw the boundary. Its target is made from the mask $Y$ (0 or 1 per pixel): a pixel belongs to the
# boundary where the $3 \times 3$ window around it holds both labels,
#
# $$B = 1 \;\text{ where }\; |Y - \mathrm{AvgPool}_{3 \times 3}(Y)| > 0.$$
#
# $\mathrm{AvgPool}$ is the average over the window. For a pixel on the frame, a part of the window lies *outside of the
# image*. The authors' released code puts zeros there. Here is a lesion that the frame cuts:

# %% tags=["nbval-ignore-output"]
cut = Sample(
    samples[0].image[130:, 40:166],
    samples[0].mask[130:, 40:166],
    "lesion on the frame",
    samples[0].spacing_mm,
)
boundary_target_explorer([cut, samples[1]])

# %%
print(
    f"3 x 3 windows, false with zeros: {100 * frame_share(cut.mask):.0f} % of this target"
)
print(f"a lesion inside the frame: {100 * frame_share(samples[0].mask):.0f} %")

# %% [markdown]
# The network would learn to draw a line where the *picture* ends. In PH2, 7 of 20 lesions touch the frame, and up to a
# quarter of a target is false; among 200 polyps of Kvasir-SEG 36 touch it. Repeating the frame's pixels costs nothing and
# removes the false edge.
#
# **Exercise.** Write `my_boundary(mask, k)`: True for each pixel whose $k \times k$ window holds both labels, without a false
# edge along the frame. `mask` is an array of True and False, $k$ is odd, and the band gets $k - 1$ pixels wide. Useful:
# `np.pad(mask, k // 2, mode="edge")` repeats the frame; `np.lib.stride_tricks.sliding_window_view(padded, (k, k))` gives all
# windows, and `.max(axis=(2, 3))` the largest label of each.


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
# traps on your disk. It shows no patient's picture.

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
