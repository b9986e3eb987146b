"""Overlap of two masks: Jaccard (JA), Dice (DI), sensitivity (SE), specificity (SP), accuracy (AC).

A pair with an empty mask has a `status` that travels with its figures: an average that drops such a case without a word
hides exactly the images a model failed on.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Status = Literal["ok", "missed", "hallucinated", "both_empty"]


def overlap(prediction: np.ndarray, target: np.ndarray) -> dict[str, Any]:
    """Overlap of a predicted mask with the reference, from the counts of the confusion matrix.

    JA = TP / (TP + FP + FN), DI = 2 TP / (2 TP + FP + FN), SE = TP / (TP + FN), SP = TN / (TN + FP),
    AC = (TP + TN) / all.

    Args:
        prediction: h x w bool, or d x h x w of a volume.
        target: the reference, likewise; same shape.

    Returns:
        JA, DI, SE, SP, AC as floats from 0 to 1, and "status": "ok", "missed" (prediction empty, reference not),
        "hallucinated" (the reverse) or "both_empty". A figure whose denominator is 0 is nan: SE without a reference,
        JA and DI where both are empty, SP where the reference fills the image. (The authors' release counts both
        empty as 0, and lets the nan of SE into the mean.)

    Raises:
        ValueError: masks that are not bool arrays of one shape in two or three dimensions.

    >>> target = np.zeros((4, 4), bool); target[:2] = True
    >>> prediction = np.zeros((4, 4), bool); prediction[:1] = True
    >>> row = overlap(prediction, target)
    >>> row["status"], row["JA"], row["SP"]
    ('ok', 0.5, 1.0)
    """
    prediction, target = check_pair(prediction, target)
    tp = int(np.count_nonzero(prediction & target))
    fp = int(np.count_nonzero(prediction)) - tp
    fn = int(np.count_nonzero(target)) - tp
    tn = target.size - tp - fp - fn
    return {
        "status": case_status(prediction, target),
        "JA": _ratio(tp, tp + fp + fn),
        "DI": _ratio(2 * tp, 2 * tp + fp + fn),
        "SE": _ratio(tp, tp + fn),
        "SP": _ratio(tn, tn + fp),
        "AC": _ratio(tp + tn, target.size),
    }


def check_pair(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both masks as arrays, or a ValueError that says what is wrong and the way out."""
    prediction, target = np.asarray(prediction), np.asarray(target)
    dims, sides = (3, "d x h x w") if prediction.ndim == 3 else (2, "h x w")
    for role, mask in (("prediction", prediction), ("target", target)):
        if mask.dtype != np.bool_:
            raise ValueError(
                f"the {role} must be a bool mask, got {mask.dtype}: compare first (probability >= 0.5; of a label map one "
                "class at a time, labels == 1)"
            )
        if mask.ndim != dims or mask.size == 0:
            raise ValueError(f"the {role} must be a non-empty {sides} mask, got shape {mask.shape}")
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {prediction.shape} and target {target.shape} differ in shape: "
            "resize the probability (not the mask) to the target's size, then threshold"
        )
    return prediction, target


def case_status(prediction: np.ndarray, target: np.ndarray) -> Status:
    """Which of the two masks is empty."""
    predicted, present = bool(prediction.any()), bool(target.any())
    if predicted and present:
        return "ok"
    if present:
        return "missed"
    return "hallucinated" if predicted else "both_empty"


def _ratio(numerator: int, denominator: int) -> float:
    return float(numerator / denominator) if denominator else float("nan")
