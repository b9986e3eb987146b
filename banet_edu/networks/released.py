"""The authors' released checkpoints in this project's network.

Source: [release], the authors' code at commit e67ba76. Its parameter names are translated one by one; values are kept.
Kernel sizes and dilation rates are not in a state dict, so they are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.context import ASPP
from banet_edu.banet.encoder import DEPTHS
from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.banet.network import RELEASE_KERNELS, BANet, BANetHead
from banet_edu.config import ModelSpec, check_classes

State = Mapping[str, Tensor]
Rules = Sequence[tuple[str, str]]

_BRICKS = ("depthwise", "norm", "pointwise")


def _separable(theirs: str, first: int, ours: str) -> Rules:
    """Three consecutive layers of a Sequential -> depthwise, norm, pointwise."""
    return [(rf"{theirs}\.{first + i}\.", f"{ours}.{brick}.") for i, brick in enumerate(_BRICKS)]


_MINI_MTL: Rules = [
    (r"reduce_conv\.", "pee.reduce."),
    (r"fuse_conv\.0\.", "pee.mix."),
    *_separable("fuse_conv", 2, "pee.fuse"),
    *_separable("seg_conv", 0, "seg_branch"),
    *_separable("edge_conv", 0, "edge_branch"),
    *_separable("att_seg", 0, "seg_attention.conv"),
    *_separable("att_edge", 0, "edge_attention.conv"),
    (r"seg_supervision\.", "seg_side."),
    (r"edge_supervision\.", "edge_side."),
]


def _cff_rules(stage: int) -> Rules:
    """att_conv1 belongs to the own stage, att_conv2.. to the others by rising number."""
    order = [stage, *(j for j in (1, 2, 3, 4) if j != stage)]
    return [(rf"att_conv{n}\.", f"gates.stage{j}.conv.") for n, j in enumerate(order, start=1)]


def _context_rules(rates: Sequence[int]) -> Rules:
    atrous = [(rf"b{i + 1}\.block\.", f"atrous.{i}.") for i in range(len(rates))]
    return [(r"b0\.block\.", "point."), *atrous, (rf"b{len(rates) + 1}\.", "pooled."), (r"project\.", "project.")]


_HEAD: Rules = [
    *((rf"mtl{i}\.{theirs}", f"mini_mtl.{i - 1}.{ours}") for i in (1, 2, 3, 4) for theirs, ours in _MINI_MTL),
    *((rf"cf{i}\.{theirs}", f"cff.{i - 1}.{ours}") for i in (1, 2, 3, 4) for theirs, ours in _cff_rules(i)),
    *(rule for i in (1, 2, 3) for rule in _separable(f"up_conv{i}", 1, f"decoder.stage{i}.fuse")),
    *_separable("aspp_combine", 1, "context_fuse.fuse"),
    (r"conv1\.0\.", "classifier.0."),
    (r"conv1\.1\.", "classifier.1."),
    (r"conv2\.", "classifier.3."),
]


def _translate(state: State, rules: Rules, ignored: str = r"(?!)") -> dict[str, Tensor]:
    """Rename every entry by the one rule that matches its beginning; ValueError lists the names no rule knows."""
    renamed, unknown = {}, []
    for name, value in state.items():
        if re.match(ignored, name):
            continue
        for theirs, ours in rules:
            if match := re.match(theirs, name):
                renamed[ours + name[match.end() :]] = value
                break
        else:
            unknown.append(name)
    if unknown:
        raise ValueError(f"not a name of the release: {', '.join(unknown)}")
    return renamed


def _load(module: nn.Module, state: dict[str, Tensor], what: str) -> None:
    own = module.state_dict()
    # files saved before torch 0.4.1 have no batch counters; nothing depends on them here
    missing = [k for k in own if k not in state and not k.endswith("num_batches_tracked")]
    unknown = [k for k in state if k not in own]
    shapes = [
        f"{k} {tuple(state[k].shape)} instead of {tuple(own[k].shape)}"
        for k in state
        if k in own and state[k].shape != own[k].shape
    ]
    problems = [
        f"{label}: {', '.join(names)}"
        for label, names in (("missing", missing), ("unknown", unknown), ("of another shape", shapes))
        if names
    ]
    if problems:
        raise ValueError(f"this is not a released {what} (in this project's names) - {'; '.join(problems)}")
    module.load_state_dict(state, strict=False)


def _need(state: State, name: str, what: str) -> Tensor:
    if name not in state:
        raise ValueError(f"this is not a released {what}: it has no {name}")
    return state[name]


def _variant(kernels: Sequence) -> dict:
    return {"pee": "average", "pee_padding": "zero", "pee_kernels": kernels, "align_corners": True}


def mini_mtl_from_release(state_dict: State, edge_kernels: tuple[int, int] = (3, 5)) -> MiniMTL:
    """One mini-MTL stage with its PEE from the release's names (`reduce_conv.weight`, ...)."""
    width, in_channels = _need(state_dict, "reduce_conv.weight", "mini-MTL block").shape[:2]
    classes = _need(state_dict, "seg_supervision.weight", "mini-MTL block").shape[0]
    block = MiniMTL(in_channels, width, classes, edge_kernels, pee="average", pee_padding="zero")
    _load(block, _translate(state_dict, _MINI_MTL), "mini-MTL block")
    return block


def cff_from_release(state_dict: State) -> CrossFeatureFusion:
    """CFF of one stage from `att_conv1..4.weight`.

    The names do not say which stage, only that the first gate is the stage's own. So the block takes its four maps in the
    release's order: the own one first, then the others by rising stage number.
    """
    width = _need(state_dict, "att_conv1.weight", "CFF block").shape[0]
    block = CrossFeatureFusion(width, stage=1, align_corners=True)
    _load(block, _translate(state_dict, _cff_rules(1)), "CFF block")
    return block


def context_from_release(state_dict: State, rates: Sequence[int] = (6, 12, 18)) -> ASPP:
    """The context module from `b0.block.0.weight`, ..., `project.1.bias`."""
    channels, in_channels = _need(state_dict, "b0.block.0.weight", "context module").shape[:2]
    block = ASPP(in_channels, channels, tuple(rates))
    _load(block, _translate(state_dict, _context_rules(rates)), "context module")
    return block


def head_from_release(state_dict: State) -> BANetHead:
    """The head from names without `head.`; the never-used `up_conv4` is ignored, a context input is detected."""
    reduces = [_need(state_dict, f"mtl{i}.reduce_conv.weight", "head") for i in (1, 2, 3, 4)]
    width = reduces[0].shape[0]
    classes = _need(state_dict, "conv2.weight", "head").shape[0]
    combine = state_dict.get("aspp_combine.3.weight")  # width x (width + context channels) x 1 x 1
    context_channels = combine.shape[1] - width if combine is not None else 0
    head = BANetHead([r.shape[1] for r in reduces], width, classes, context_channels, **_variant(RELEASE_KERNELS))
    _load(head, _translate(state_dict, _HEAD, ignored=r"up_conv4\."), "head")
    return head


def from_release(state_dict: State, aspp_rates: Sequence[int] = (6, 12, 18)) -> BANet:
    """A whole released network (`pretrain_model.*`, `aspp.*`, `head.*`, with or without a leading `module.`).

    ResNet depth, width, classes and the context module are read off the names and shapes; the encoder has stride 8. The
    never-used `pretrain_model.fc.*` and `head.up_conv4.*` are ignored.

    Raises:
        ValueError: lists every other name that is unknown, missing, or of another shape.
    """
    state = {re.sub(r"^module\.", "", name): value for name, value in state_dict.items()}
    what = "network"
    stem = _need(state, "pretrain_model.conv1.weight", what)
    has_context = any(name.startswith("aspp.") for name in state)
    width = _need(state, "head.mtl1.reduce_conv.weight", what).shape[0]
    overrides = {
        "encoder": _encoder_name(state),
        "encoder_width": stem.shape[0] / 64,
        "output_stride": 8,
        "width": width,
        "aspp_rates": tuple(aspp_rates) if has_context else (),
        **_variant(RELEASE_KERNELS),
    }
    if has_context:
        overrides["context_channels"] = _need(state, "aspp.b0.block.0.weight", what).shape[0]
    num_classes = _need(state, "head.conv2.weight", what).shape[0]
    names = check_classes(num_classes)
    spec = ModelSpec("banet", "paper", num_classes, overrides, input_size=(256, 256), class_names=names)
    model = BANet(spec, **overrides)
    rules: Rules = [
        (r"pretrain_model\.", "encoder."),
        *((rf"aspp\.{theirs}", f"context.{ours}") for theirs, ours in _context_rules(aspp_rates)),
        *((rf"head\.{theirs}", f"head.{ours}") for theirs, ours in _HEAD),
    ]
    _load(model, _translate(state, rules, ignored=r"pretrain_model\.fc\.|head\.up_conv4\."), what)
    return model


def _encoder_name(state: State) -> str:
    blocks = tuple(
        1
        + max((int(m[1]) for name in state if (m := re.match(rf"pretrain_model\.layer{i}\.(\d+)\.", name))), default=-1)
        for i in (1, 2, 3, 4)
    )
    bottleneck = "pretrain_model.layer1.0.conv3.weight" in state
    for name, depths in DEPTHS.items():
        if depths == blocks and bottleneck == (name in ("resnet50", "resnet101")):
            return name
    raise ValueError(f"no ResNet of this package has {blocks} blocks per layer; known: {DEPTHS}")
