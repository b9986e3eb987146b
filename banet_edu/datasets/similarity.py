"""Near duplicates: images that show the same scene, found by a perceptual hash."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 16
SAME_SCENE = 8  # of 256 bits: so far may two pictures of one scene differ (resaved, or neighbouring video frames)


def difference_hash(image: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """dHash: 4 x uint64, one bit for each of 16 x 16 cells of H x W x 3 uint8, set where its right neighbour is brighter.

    It survives resizing, recompression and changes of brightness or contrast; not rotation or flips.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    cells = cv2.resize(grey, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).view(np.uint64)


def hamming(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> int:
    """In how many bits two hashes differ."""
    return int(np.bitwise_count(first ^ second).sum())


def near_duplicates(hashes: Sequence[NDArray[np.uint64]], limit: int = SAME_SCENE) -> list[tuple[int, int, int]]:
    """All pairs (i, j, distance) with i < j whose hashes differ in at most `limit` bits, nearest first."""
    if not hashes:
        return []
    table = np.array(hashes, np.uint64).reshape(len(hashes), -1)
    pairs = []
    for i, row in enumerate(table):
        distance = np.bitwise_count(table[i + 1 :] ^ row).sum(axis=1)
        pairs += [(i, i + 1 + int(j), int(distance[j])) for j in np.flatnonzero(distance <= limit)]
    return sorted(pairs, key=lambda pair: pair[2])
