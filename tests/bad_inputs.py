"""Kinds of bad input, each with the command that meets it and what must be said. test_bad_input.py runs them all."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from dicom_files import write
from PIL import Image

from banet_edu.storage import write_tensors

PHOTO = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
DISC = np.hypot(*(np.indices((48, 64)) - 24)) < 14
SKIN = ("--model", "banet-lite-phantom")


class Kind(NamedTuple):
    """`command` is a function of the folder it may fill; `said` what the one sentence must hold, `way_out` words of it."""

    name: str
    command: Callable[[Path], tuple[object, ...]]
    said: str
    way_out: str


def photo(path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PHOTO).save(path, **options)
    return path


def mask(path: Path, values: Any = None, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((DISC * 255).astype(np.uint8) if values is None else values).save(path, **options)
    return path


def content(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def data_set(root: Path, count: int = 12, foreground: int = 255) -> Path:
    for index in range(count):
        photo(root / "images" / f"c{index}.png")
        mask(root / "masks" / f"c{index}.png", np.where(DISC, foreground, 0).astype(np.uint8))
    return root


def spoilt(root: Path, name: str, data: bytes) -> Path:
    """A data set in which one file is something else."""
    content(data_set(root) / name, data)
    return root


def cut_volume(root: Path) -> Path:
    """Volumes, one of which ends too early."""
    from nifti_files import volume_set

    path = volume_set(root, 4) / "imagesTr" / "case2.nii.gz"
    content(path, path.read_bytes()[:-50])
    return root


def pipe(path: Path) -> Path:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes among the files of this system")
    os.mkfifo(path)
    return path


def bomb(path: Path) -> Path:
    """A PNG of 40,000 x 40,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes(5001) * 100)
    return content(path, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def deflated_bomb(path: Path) -> Path:
    """A deflated DICOM file of a megabyte that unpacks to a thousand."""
    from pydicom import dcmread
    from pydicom.filereader import read_file_meta_info
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    file = dcmread(write(path, np.zeros((8, 8), np.uint8)))
    file.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    file.save_as(path, enforce_file_format=True)
    start = 132 + 12 + int(read_file_meta_info(path).FileMetaInformationGroupLength)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)  # stands alone: packed once, told 64 times
    return content(path, path.read_bytes()[:start] + 64 * piece + packer.flush())


def model_file(path: Path, meta: dict[str, Any], **tensors: Any) -> Path:
    import torch

    return write_tensors(path, {"a": torch.zeros(1), **tensors}, meta)


def weights_with(path: Path, **spec: Any) -> Path:
    """A file of sound weights whose description says something else."""
    from banet_edu import create_model

    model = create_model("unet", "nano")
    described = {**model.spec.to_dict(), **spec}
    return write_tensors(path, dict(model.state_dict()), {"spec": described, "info": {}})


def train(root: object, *more: object) -> tuple[object, ...]:
    return ("train", "--format", "folder", "--root", root, "--preset", "nano", "--steps", 2, *more)


def predict(image: object, *more: object, model: object = "banet-lite-phantom") -> tuple[object, ...]:
    return ("predict", image, "--model", model, *more)


def explain(image: object, *more: object) -> tuple[object, ...]:
    return ("explain", image, *SKIN, *more)


def check(root: object, *more: object) -> tuple[object, ...]:
    return ("data", "check", root, "--format", "folder", *more)


def nan_weights(path: Path) -> Path:
    import torch

    return model_file(path, {"spec": {}}, b=torch.tensor([float("nan")]))


def flipped(path: Path) -> Path:
    weights_with(path)
    data = bytearray(path.read_bytes())
    data[-50] ^= 4
    return content(path, bytes(data))


def old_format(path: Path) -> Path:
    from safetensors.torch import save_file
    from torch import zeros

    save_file({"a": zeros(1)}, path, metadata={"banet_edu": json.dumps({"format": 1, "sha256": "0", "spec": {}})})
    return path


def text(path: Path, words: str) -> Path:
    return content(path, words.encode())


def two_levels(high: int) -> Any:
    return np.where(DISC, high, 0).astype(np.uint8)


THREE = np.select([DISC, np.indices(DISC.shape)[0] > 40], [255, 128], 0).astype(np.uint8)
# One kind a line.
# fmt: off
KINDS = [
    # files of one image
    Kind("no file", lambda d: predict(d / "a.png"), "a.png: no such file", "no such file"),
    Kind("a folder as image", lambda d: explain(d), "is a folder, not a file", "with masks audit"),
    Kind("an empty folder", lambda d: predict(d), "no image in", "is a picture or DICOM by its content"),
    Kind("text as image", lambda d: predict(text(d / "a.png", "hello")), "a.png: is not a readable image", "readable image"),
    Kind("empty file", lambda d: predict(content(d / "a.png", b"")), "a.png: is empty (0 bytes)", "empty"),
    Kind("cut png", lambda d: predict(content(d / "b.png", photo(d / "a.png").read_bytes()[:900])), "b.png: is damaged", "truncated"),
    Kind("cut jpeg", lambda d: predict(content(d / "b.jpg", photo(d / "a.jpg").read_bytes()[:900])), "b.jpg: is damaged", "truncated"),
    Kind("a pipe", lambda d: predict(pipe(d / "p.png")), "p.png: is a pipe or device", "not a file"),
    Kind("a device", lambda d: explain("/dev/zero"), "/dev/zero: is a pipe or device", "not a file"),
    Kind("too many pixels", lambda d: predict(bomb(d / "big.png")), "big.png: 1600 million pixels are too many", "save it smaller"),
    Kind("deflated DICOM bomb", lambda d: predict(deflated_bomb(d / "d.dcm")), "d.dcm: unpacks to more than", "not read"),
    Kind("16 bit", lambda d: predict(mask(d / "deep.png", np.zeros((48, 64), np.uint16))), "deep.png: has 16 bits", "save it with 8"),
    Kind("transparent", lambda d: predict(mask(d / "t.png", np.zeros((48, 64, 4), np.uint8))), "t.png: has an alpha channel", "save it without"),
    Kind("frames", lambda d: explain(photo(d / "s.tif", save_all=True, append_images=[Image.fromarray(PHOTO)])), "s.tif: holds 2 frames", "--frame"),
    Kind("no such frame", lambda d: explain(photo(d / "a.png"), "--frame", 3), "a.png: has no frame 3", "it holds 1"),
    Kind("DICOM without pixels", lambda d: predict(write(d / "n.dcm", PHOTO[..., 0], Rows=0)), "n.dcm: is a DICOM file without an image", "without an image"),
    Kind("cut DICOM", lambda d: predict(content(d / "c.dcm", write(d / "f.dcm", PHOTO[..., 0]).read_bytes()[:700])), "c.dcm: its pixels cannot be decoded", "pip install"),
    Kind("DICOM by its name alone", lambda d: predict(text(d / "x.dcm", "no DICOM")), "x.dcm: is not a readable DICOM file", "readable"),
    # values
    Kind("spacing 0", lambda d: predict(photo(d / "a.png"), "--spacing", 0, 1), "spacing_mm is (row, column)", "above 0"),
    Kind("spacing nan", lambda d: predict(photo(d / "a.png"), "--spacing", "nan", 1), "two numbers of mm above 0", "above 0"),
    Kind("spacing inf", lambda d: explain(photo(d / "a.png"), "--spacing", "inf", 1), "two numbers of mm above 0", "above 0"),
    Kind("threshold 1", lambda d: predict(photo(d / "a.png"), "--threshold", 1), "threshold must lie between 0 and 1, got 1", "between 0 and 1"),
    Kind("threshold nan", lambda d: predict(photo(d / "a.png"), "--threshold", "nan"), "threshold must lie between", "between 0 and 1"),
    Kind("tolerance 0", lambda d: explain(photo(d / "a.png"), "--tolerance", 0), "tolerance is a number above 0, got 0", "above 0"),
    Kind("tolerance inf", lambda d: explain(photo(d / "a.png"), "--tolerance", "inf"), "tolerance is a number above 0, got inf", "above 0"),
    Kind("learning rate nan", lambda d: train(d, "--learning-rate", "nan"), "learning_rate is a number above 0", "above 0"),
    Kind("learning rate below 0", lambda d: train(d, "--learning-rate", -1), "learning_rate is a number above 0", "above 0"),
    Kind("workers", lambda d: train(d, "--workers", "many"), "--workers is auto or a whole number", "from 0 on"),
    Kind("optimizer", lambda d: train(d, "--optimizer", "sgd"), "--optimizer is adamw, adam, not 'sgd'", "adamw, adam"),
    Kind("device", lambda d: train(d, "--device", "tpu"), "--device is auto, cuda, mps, cpu, not 'tpu'", "auto, cuda"),
    Kind("precision", lambda d: train(d, "--precision", "fp8"), "--precision is auto, fp32, bf16, not 'fp8'", "auto, fp32"),
    Kind("recipe", lambda d: train(d, "--recipe", "mine"), "--recipe is course or study, not 'mine'", "course or study"),
    Kind("preset", lambda d: train(data_set(d / "s"), "--preset", "huge"), "unknown preset 'huge'", "known: nano"),
    Kind("model name", lambda d: train(data_set(d / "s"), "--model", "vnet"), "unknown model 'vnet'", "known: banet"),
    Kind("seeds", lambda d: ("compare", "--format", "folder", "--root", d, "--seeds", "0,one"), "seeds are whole numbers", "as in 0,1,2"),
    Kind("a seed twice", lambda d: ("compare", "--format", "folder", "--root", data_set(d / "s"), "--seeds", "0,0", "--preset", "nano", "--steps", 1, "--out", d / "o"), "each given once", "whole numbers from 0 on"),
    Kind("models", lambda d: ("compare", "--format", "folder", "--root", d, "--models", "banet,vnet"), "unknown model 'vnet'", "known: banet"),
    Kind("a model twice", lambda d: ("compare", "--format", "folder", "--root", d, "--models", "banet,banet"), "each model is compared once", "once"),
    Kind("value map", lambda d: check(d, "--value-map", "0:0"), "--value-map is VALUE=CLASS", "as in 0=0,128=1"),
    Kind("pretrained", lambda d: train(d, "--pretrained", d / "none.safetensors"), "none.safetensors: no such file", "stands alone"),
    # where results go
    Kind("out is a file", lambda d: predict(photo(d / "a.png"), "--out", d / "a.png"), "a.png is a file, no folder", "name another"),
    Kind("run directory is a file", lambda d: train(d, "--out", photo(d / "a.png")), "a.png is a file, no folder", "name another"),
    Kind("explain over a page", lambda d: explain(photo(d / "a.png"), "--out", text(d / "own.html", "mine")), "own.html: is there already and was not written by banet-edu", "write elsewhere"),
    Kind("explain to a picture", lambda d: explain(photo(d / "own.png"), "--out", d / "own.png"), "own.png: name a file that ends in .html", "the tables, and the PDF, get its name"),
    Kind("predict over a mask", lambda d: predict(mask(d / "a_mask.png") and photo(d / "a.png"), "--out", d), "a_mask.png: is there already", "move it away"),
    Kind("explain to a pipe", lambda d: explain(photo(d / "a.png"), "--out", pipe(d / "p.html")), "p.html: is no regular file", "name another"),
    Kind("explain to a folder", lambda d: explain(photo(d / "a.png"), "--out", d), "is a folder; name a file", "name a file"),
    Kind("results over one's own table", lambda d: ("compare", "--format", "folder", "--root", text(d / "summary.csv", "my,own").parent, "--out", d), "summary.csv: is there already", "move it away"),
    Kind("export's name", lambda d: ("export", "banet-lite-phantom", "--out", d / "m.pt"), "m.pt: the name of an ONNX file ends in .onnx", ".onnx"),
    Kind("proc", lambda d: explain(photo(d / "a.png"), "--out", "/proc/none/a.html"), "/proc", "name another folder"),
    # model files
    Kind("no such model", lambda d: predict(photo(d / "a.png"), model="nobody"), "nobody: neither a file nor bundled weights", "bundled are: banet-lite"),
    Kind("a picture as model", lambda d: predict(photo(d / "a.png"), model=d / "a.png"), "a.png: damaged or not a safetensors file", "copy or download it again"),
    Kind("a flipped bit", lambda d: predict(photo(d / "a.png"), model=flipped(d / "m.safetensors")), "m.safetensors: damaged, it does not match its checksum", "copy or download it again"),
    Kind("a training state", lambda d: predict(photo(d / "a.png"), model=model_file(d / "last.safetensors", {})), "last.safetensors: holds no model", "load best.safetensors"),
    Kind("weights that are no numbers", lambda d: predict(photo(d / "a.png"), model=nan_weights(d / "m.safetensors")), "m.safetensors: b holds numbers that are not finite", "train it again"),
    Kind("an earlier format", lambda d: predict(photo(d / "a.png"), model=old_format(d / "m.safetensors")), "m.safetensors: damaged, or written by an earlier banet-edu", "train it again"),
    Kind("a description with pretrained", lambda d: predict(photo(d / "a.png"), model=weights_with(d / "m.safetensors", overrides={"pretrained": True})), "m.safetensors: weights and description do not fit", "has no argument pretrained"),
    Kind("a description of another width", lambda d: predict(photo(d / "a.png"), model=weights_with(d / "m.safetensors", overrides={"base_width": 10**7})), "m.safetensors: weights and description do not fit", "in the network described"),
    Kind("a description without colour", lambda d: predict(photo(d / "a.png"), model=weights_with(d / "m.safetensors", std=[0, 1, 1])), "m.safetensors: weights and description do not fit", "above 0"),
    Kind("a description of nothing", lambda d: predict(photo(d / "a.png"), model=weights_with(d / "m.safetensors", input_size=["a", 2])), "m.safetensors: weights and description do not fit", "each at least 32"),
    # masks and data sets
    Kind("three levels", lambda d: explain(photo(d / "a.png"), "--mask", mask(d / "m.png", THREE)), "m.png: holds other values than background and foreground", "save it as black (0) and white (255)"),
    Kind("a mask on its side", lambda d: explain(photo(d / "a.png"), "--mask", mask(d / "m.png", two_levels(255).T.copy())), "m.png is 48 x 64", "turn it by 90 degrees"),
    Kind("no data set", lambda d: train(d / "none"), "none", "no such folder"),
    Kind("no images", lambda d: train(d), "", "no image"),
    Kind("one bad image", lambda d: train(spoilt(d / "s", "images/c3.png", b"x")), "images/c3.png: is not a readable image", "on_error='skip'"),
    Kind("one bad mask", lambda d: train(spoilt(d / "s", "masks/c3.png", b"x")), "masks/c3.png: is not a readable image", "leave them out"),
    Kind("a volume cut off", lambda d: ("train", "--format", "msd", "--root", cut_volume(d / "s")), "imagesTr/case2.nii.gz: is damaged or truncated", "leave them out"),
    Kind("an inverted volume", lambda d: train(cut_volume(d / "s"), "--invert"), "holds volumes", "value_map={0: 1, 1: 0}"),
    Kind("every file bad", lambda d: train(content(content(d / "s" / "images" / "a.png", b"x").parents[1] / "masks" / "a.png", b"x").parents[1], "--skip-bad"), "every case is bad, the first: images/a.png", "banet-edu data check"),
    Kind("too few cases", lambda d: train(data_set(d / "s", 1)), "1", "at least"),
    Kind("spacing table", lambda d: train(text(data_set(d / "s") / "spacing.csv", "name,mm\nc0,1\n").parent), "spacing.csv, line", "columns name, row_mm, column_mm"),
    Kind("groups' file", lambda d: train(data_set(d / "s"), "--groups", f"{d / 'g.csv'}:patient"), "g.csv: no such file", "no such file"),
    Kind("groups' column", lambda d: train(data_set(d / "s"), "--groups", f"{text(d / 'g.csv', 'name,id')}:patient"), "g.csv has no column 'patient'; it has name, id", "needs name"),
    Kind("format", lambda d: ("train", "--format", "mine", "--root", d), "format='mine': choose one of", "isic2017"),
    Kind("masks without foreground", lambda d: train(data_set(d / "s", foreground=0), "--out", d / "o"), "training masks has any foreground", "a value map, or invert"),
]
