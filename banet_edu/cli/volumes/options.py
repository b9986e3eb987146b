"""What is refused because a file or a network is one of volumes, or is not."""

from __future__ import annotations

from typing import Any


def for_images_only(**given: Any) -> None:
    """ValueError for the first option that was given and says nothing of a volume."""
    for name, value in given.items():
        if value is not None:
            why = (
                ": a volume's file states the size of its voxels"
                if name == "spacing"
                else ", not for volumes; leave it out"
            )
            raise ValueError(f"--{name} is for images{why}")


def same_kind(network: Any, data: Any) -> None:
    """ValueError where a network of images is to look at volumes, or the other way round."""
    from banet_edu.datasets.layouts import is_volume

    if not data.cases:
        raise ValueError("\n  ".join([f"{data.root}: none of its cases can be used:", *map(str, data.problems[:20])]))
    there, kinds = 3 if is_volume(data.cases[0].image) else 2, {2: "images", 3: "volumes"}
    if there != network.spec.dims:
        raise ValueError(f"these are {kinds[there]}, and the network takes {kinds[network.spec.dims]}")
