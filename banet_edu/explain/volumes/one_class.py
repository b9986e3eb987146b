"""One class of several alone as foreground."""

from __future__ import annotations

import numpy as np

from banet_edu.data.volume import Volume
from banet_edu.prediction import Prediction


def of_class(volume: Volume, prediction: Prediction | None, label: int) -> tuple[Volume, Prediction | None]:
    """Both with one class as foreground and all others as background: its surface and errors are then its own.

    A prediction keeps no probability of each class: that of the class alone is 1 or 0, its surface runs half way between
    voxels, and what is expected by probabilities means nothing there.
    """
    mask = None if volume.mask is None else np.asarray(volume.mask) == label
    alone = Volume(
        volume.image, mask, volume.name, volume.spacing_mm, volume.spacing_note, volume.orientation_note, volume.grid
    )
    if prediction is None:
        return alone, None
    found = prediction.labels == label
    names = (prediction.class_names[0], prediction.class_names[label])
    return alone, Prediction(
        found.astype(np.float32), found.astype(np.uint8), prediction.name, names, 0.5, prediction.spacing_mm
    )
