"""Right answers to the exercises of lessons 01 to 03, in the styles in which students write them: a check must pass each.

Those of 04 to 06 stand in `right_answers_blocks`, of 07 to 10 in `right_answers_later`, of 11 in `right_answers_volumes`.
`RIGHT["NN check"]` maps a style to an answer.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from skimage import morphology, segmentation

RIGHT = {}


def right(exercise):
    """Keep the function under its exercise; its name tells the style."""

    def keep(answer):
        RIGHT.setdefault(exercise, {})[answer.__name__] = answer
        return answer

    return keep


# 01: the mean distance over the points of both contours, in mm


@right("01 check_mean_distance")
def by_cdist(a, b, spacing_mm):
    distance = cdist(XA=a * spacing_mm, XB=b * spacing_mm, metric="euclidean")
    return (distance.min(0).sum() + distance.min(1).sum()) / sum(distance.shape)


@right("01 check_mean_distance")
def by_trees(a, b, spacing_mm):
    a, b = (np.multiply(points, spacing_mm, dtype=np.float32) for points in (a, b))
    return np.mean(np.r_[KDTree(b).query(a)[0], KDTree(a).query(b)[0]])


@right("01 check_mean_distance")
def by_loops_of_plain_numbers(a, b, spacing_mm):
    def nearest(p, others):
        return min(
            ((p[0] - q[0]) ** 2 * spacing_mm[0] ** 2 + (spacing_mm[1] * (p[1] - q[1])) ** 2) ** 0.5 for q in others
        )

    found = [nearest(p.tolist(), b.tolist()) for p in a] + [nearest(q.tolist(), a.tolist()) for q in b]
    return sum(found) / len(found)


@right("01 check_mean_distance")
def by_einsum_and_squares(a, b, spacing_mm):
    a, b = a * np.asarray(spacing_mm), b * np.asarray(spacing_mm)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * np.einsum("ic,jc->ij", a, b)
    return np.average(np.sqrt(np.concatenate([squares.min(0), squares.min(1)]).clip(0)))


@right("01 check_mean_distance")
def in_place_by_torch(a, b, spacing_mm):
    a *= spacing_mm
    b *= spacing_mm
    distance = torch.cdist(torch.from_numpy(a), torch.from_numpy(b))
    return torch.cat([distance.amin(0), distance.amin(1)]).mean()


@right("01 check_mean_distance")
def by_hypot_in_a_list_of_one(a, b, spacing_mm):
    rows, columns = (np.subtract.outer(a[:, i], b[:, i]) * spacing_mm[i] for i in (0, 1))
    distance = np.hypot(rows, columns)
    return np.hstack([np.sort(distance)[:, 0], np.sort(distance.T)[:, 0]]).mean(keepdims=True)[0]


# 02: the pixels whose window holds both labels


@right("02 check_boundary")
def by_ptp_as_integers(mask, k):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(mask.astype(int), k // 2, mode="edge"), (k, k))
    return np.ptp(windows, axis=(-1, -2))


@right("02 check_boundary")
def by_xor_of_opencv(mask, k):
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (k, k))
    return cv2.dilate(mask.astype(np.uint8), kernel) ^ cv2.erode(mask.astype(np.uint8), kernel)


@right("02 check_boundary")
def by_filters_of_scipy(mask, k):
    return ndimage.maximum_filter(mask, k, mode="nearest") & ~ndimage.minimum_filter(mask, k, mode="nearest")


@right("02 check_boundary")
def by_footprints_of_scikit_image(mask, k):
    square = morphology.footprint_rectangle((k, k))
    return morphology.dilation(mask, square, mode="ignore") > morphology.erosion(mask, square, mode="ignore")


@right("02 check_boundary")
def by_shifted_slices(mask, k):
    m, (rows, columns) = k // 2, mask.shape
    padded = np.pad(mask, m, mode="edge")
    found = np.zeros_like(mask)
    for i in range(k):
        for j in range(k):
            found |= padded[i : i + rows, j : j + columns] != mask
    return found


@right("02 check_boundary")
def by_pooling_of_torch(mask, k):
    y = torch.tensor(mask)[None, None].double()
    grown, shrunk = F.max_pool2d(y, k, 1, k // 2), -F.max_pool2d(-y, k, 1, k // 2)
    return (grown - shrunk).squeeze()


@right("02 check_boundary")
def by_a_loop_over_pixels(mask, k):
    found = np.zeros(mask.shape, order="F")
    for i, j in np.ndindex(mask.shape):
        window = mask[max(i - k // 2, 0) : i + k // 2 + 1, max(j - k // 2, 0) : j + k // 2 + 1]
        found[i, j] = window.any() and not window.all()
    return found


@right("02 check_boundary")
def by_counting(mask, k):
    count = ndimage.uniform_filter(mask.astype(float), k, mode="nearest") * k**2
    return np.ma.masked_array((count > 0.5) & (count < k**2 - 0.5))


@right("02 check_boundary")
def by_thick_boundaries_repeated(mask, k):
    near = segmentation.find_boundaries(mask, mode="thick", connectivity=2)
    return ndimage.maximum_filter(near, k - 2, mode="nearest") if k > 3 else near


# 03: R minus its average; the whole block


def average(R, k):
    return F.avg_pool2d(F.pad(R, (k // 2,) * 4, mode="replicate"), k, stride=1)


@right("03 check_edge")
def in_double_precision(R, k):
    return torch.sub(R.double(), average(R.double(), k))


@right("03 check_edge")
def by_module(R, k):
    return R - torch.nn.AvgPool2d(k, stride=1)(torch.nn.ReplicationPad2d(k // 2)(R))


@right("03 check_edge")
def by_rows_then_columns_in_place(R, k):
    m = k // 2
    rows = F.avg_pool2d(F.pad(R, (0, 0, m, m), mode="replicate"), (k, 1), stride=1)
    R -= F.avg_pool2d(F.pad(rows, (m, m, 0, 0), mode="replicate"), (1, k), stride=1)
    return R


@right("03 check_edge")
def by_one_convolution(R, k):
    kernel = torch.full((1, 1, k, k), -1 / k**2)
    kernel[..., k // 2, k // 2] += 1
    flat = R.flatten(0, 1).unsqueeze(1)
    return F.conv2d(F.pad(flat, (k // 2,) * 4, mode="replicate"), kernel).view_as(R)


@right("03 check_edge")
def by_unfold_transposed(R, k):
    windows = F.pad(R, (k // 2,) * 4, mode="replicate").unfold(2, k, 1).unfold(3, k, 1)
    return (R.transpose(2, 3) - torch.einsum("bchwij->bcwh", windows) / k**2).transpose(2, 3)


@right("03 check_edge")
def by_mean_of_differences(R, k):
    m, (rows, columns) = k // 2, R.shape[2:]
    padded = F.pad(R, (m, m, m, m), mode="reflect")
    shifts = [padded[:, :, i : i + rows, j : j + columns] for i in range(k) for j in range(k)]
    return torch.stack([R - each for each in shifts]).mean(0)


@right("03 check_edge")
def by_uniform_filter_of_scipy(R, k):
    return R - torch.from_numpy(ndimage.uniform_filter(R.numpy(), (1, 1, k, k), mode="nearest"))


@right("03 check_pee")
def with_helper_and_tuple(block, C):
    R = block.reduce(C)
    edges = [R - average(R, k) for k in (scale.kernel for scale in block.scales.values())]
    return block.fuse(F.relu(block.mix(torch.cat(tensors=(R, *edges), dim=-3))))


@right("03 check_pee")
def filled_piece_by_piece(block, C):
    R = block.reduce(C)
    n = R.shape[1]
    pyramid = R.new_empty(len(R), n * (1 + len(block.scales)), *R.shape[2:])
    pyramid[:, :n] = R
    for i, (name, scale) in enumerate(block.scales.items(), start=1):
        assert name.startswith("k")
        pyramid[:, i * n : (i + 1) * n] = R - average(R, scale.kernel)
    return block.fuse(torch.clamp(block.mix(pyramid), min=0))


@right("03 check_pee")
def mixed_by_its_weights(block, C):
    R = block.reduce(C)
    pyramid = torch.hstack([R] + [R - average(R, s.kernel) for s in block.scales.values()])
    mixed = torch.einsum("oc,bchw->bohw", block.mix.weight[..., 0, 0], pyramid)
    return block.fuse(torch.maximum(mixed, torch.zeros(())))


@right("03 check_pee")
def by_the_scales_themselves(block, C):
    return block.fuse(
        block.relu(block.mix(torch.cat([R := block.reduce(C), *(s(R) for s in block.scales.values())], 1)))
    )


@right("03 check_pee")
def in_double_precision_throughout(block, C):
    return with_helper_and_tuple(block.double(), C.double())


@right("03 check_pee")
def by_the_block(block, C):
    return block(C)
