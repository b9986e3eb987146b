"""The [release] variant against vectors computed with the authors' released code (SPEC section 5)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from outside import REFERENCE

from banet_edu.banet.encoder import Bottleneck
from banet_edu.banet.network import BANetHead
from banet_edu.networks.registry import create_model
from banet_edu.networks.released import (
    cff_from_release,
    context_from_release,
    from_release,
    head_from_release,
    mini_mtl_from_release,
)

needs_vectors = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference vectors at {REFERENCE.name}/")


class Vectors:
    """`sd`, `in`, `out`, ... of one file as dictionaries of tensors."""

    def __init__(self, name: str) -> None:
        with np.load(REFERENCE / f"{name}.npz") as arrays:
            self.arrays = {key: torch.from_numpy(arrays[key].copy()) for key in arrays.files}

    def __getitem__(self, group: str) -> dict[str, torch.Tensor]:
        return {k[len(group) + 1 :]: v for k, v in self.arrays.items() if k.startswith(group + ".")}


def head_outputs(out) -> dict[str, torch.Tensor]:
    named = {"out": out.logits}
    for i in range(4):
        named[f"seg{i + 1}"], named[f"edge{i + 1}"] = out.side_masks[i], out.side_edges[i]
    return named


def assert_close(actual: dict, expected: dict, tolerance: float) -> None:
    assert set(actual) == set(expected)
    for name, value in expected.items():
        assert torch.allclose(actual[name], value, rtol=0, atol=tolerance), name


def check_gradients(vectors: Vectors, outputs: dict, inputs: dict, module, rename) -> None:
    """Gradients of sum(out * c) against the file's, for inputs and for every parameter that has one."""
    for value in inputs.values():
        assert value.requires_grad
    sum((outputs[name] * cot).sum() for name, cot in vectors["cot"].items()).backward()
    for name, expected in vectors["grad_in"].items():
        assert (inputs[name].grad - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max()), name
    gradients = rename(vectors["grad"])
    parameters = dict(module.named_parameters())
    assert set(gradients) == set(parameters)
    for name, expected in gradients.items():
        if name == "classifier.0.bias":  # a bias directly before batch norm: its gradient is noise
            continue
        assert (parameters[name].grad - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max()), name


@needs_vectors
@pytest.mark.parametrize("name", ["head_eval", "head_aspp_eval", "head_train"])
def test_head(name):
    from banet_edu.networks.released import _HEAD, _translate

    vectors = Vectors(name)
    training = name.endswith("train")
    head = head_from_release(vectors["sd"]).train(training)
    inputs = {k: v.requires_grad_() for k, v in vectors["in"].items()}
    outputs = head_outputs(head([inputs[f"x{i}"] for i in (1, 2, 3, 4)], inputs.get("aspp")))
    assert_close(outputs, vectors["out"], 1e-4 if training else 1e-5)
    check_gradients(vectors, outputs, inputs, head, lambda g: _translate(g, _HEAD, r"up_conv4\."))
    if training:
        after = _translate(vectors["sd_after"], _HEAD, r"up_conv4\.")
        buffers = dict(head.named_buffers())
        for key, value in after.items():
            assert torch.allclose(buffers[key].float(), value.float(), atol=1e-5), key


@needs_vectors
@pytest.mark.parametrize(("name", "kernels"), [("mtl_k35_eval", (3, 5)), ("mtl_k57_train", (5, 7))])
def test_mini_mtl(name, kernels):
    from banet_edu.networks.released import _MINI_MTL, _translate

    vectors = Vectors(name)
    training = name.endswith("train")
    block = mini_mtl_from_release(vectors["sd"], kernels).train(training)
    inputs = {k: v.requires_grad_() for k, v in vectors["in"].items()}
    out = block(inputs["x"])
    outputs = dict(zip(("seg_feats", "edge_feats", "seg_sup", "edge_sup"), out, strict=True))
    assert_close(outputs, vectors["out"], 1e-4 if training else 1e-5)
    check_gradients(vectors, outputs, inputs, block, lambda g: _translate(g, _MINI_MTL))


@needs_vectors
@pytest.mark.parametrize("name", ["cff_l1_eval", "cff_l3_eval"])
def test_cff(name):
    from banet_edu.networks.released import _cff_rules, _translate

    vectors = Vectors(name)
    block = cff_from_release(vectors["sd"]).eval()
    inputs = {k: v.requires_grad_() for k, v in vectors["in"].items()}
    outputs = {"out": block([inputs[f"x{i}"] for i in (1, 2, 3, 4)])}
    assert_close(outputs, vectors["out"], 1e-5)
    check_gradients(vectors, outputs, inputs, block, lambda g: _translate(g, _cff_rules(1)))


@needs_vectors
def test_context():
    from banet_edu.networks.released import _context_rules, _translate

    vectors = Vectors("aspp_eval")
    block = context_from_release(vectors["sd"], (6, 12, 18)).eval()
    inputs = {k: v.requires_grad_() for k, v in vectors["in"].items()}
    outputs = {"out": block(inputs["x"])}
    assert_close(outputs, vectors["out"], 1e-5)
    check_gradients(vectors, outputs, inputs, block, lambda g: _translate(g, _context_rules((6, 12, 18))))


@needs_vectors
def test_dilated_bottleneck():
    vectors = Vectors("bottleneck_d2_eval")
    block = Bottleneck(32, 8, dilation=2).eval()
    block.load_state_dict(vectors["sd"])
    inputs = {k: v.requires_grad_() for k, v in vectors["in"].items()}
    outputs = {"out": block(inputs["x"])}
    assert_close(outputs, vectors["out"], 1e-5)
    check_gradients(vectors, outputs, inputs, block, lambda g: g)


def as_release(model) -> dict[str, torch.Tensor]:
    """A whole network under the release's names, made by inverting the documented translation by hand."""
    state = {}
    bricks = {"depthwise": 0, "norm": 1, "pointwise": 2}
    for name, value in model.state_dict().items():
        part, rest = name.split(".", 1)
        if part == "encoder":
            theirs = f"pretrain_model.{rest}"
        elif part == "context":
            kind, rest = rest.split(".", 1)
            if kind == "atrous":
                i, rest = rest.split(".", 1)
                theirs = f"aspp.b{int(i) + 1}.block.{rest}"
            else:
                theirs = "aspp." + {"point": "b0.block", "pooled": "b4", "project": "project"}[kind] + f".{rest}"
        else:
            tokens = rest.split(".")
            if tokens[0] == "mini_mtl":
                block, tail = f"mtl{int(tokens[1]) + 1}", tokens[2:]
                if tail[:2] == ["pee", "reduce"]:
                    new = ["reduce_conv", *tail[2:]]
                elif tail[:2] == ["pee", "mix"]:
                    new = ["fuse_conv", "0", *tail[2:]]
                elif tail[:2] == ["pee", "fuse"]:
                    new = ["fuse_conv", str(2 + bricks[tail[2]]), *tail[3:]]
                elif tail[0].endswith("_side"):
                    new = [tail[0].removesuffix("_side") + "_supervision", *tail[1:]]
                elif tail[0].endswith("_attention"):
                    new = ["att_" + tail[0].removesuffix("_attention"), str(bricks[tail[2]]), *tail[3:]]
                else:
                    new = [tail[0].removesuffix("_branch") + "_conv", str(bricks[tail[1]]), *tail[2:]]
                theirs = ".".join(["head", block, *new])
            elif tokens[0] == "cff":
                own, other = int(tokens[1]) + 1, int(tokens[3][-1])
                position = 1 if own == other else 1 + [j for j in (1, 2, 3, 4) if j != own].index(other) + 1
                theirs = f"head.cf{own}.att_conv{position}.weight"
            elif tokens[0] == "decoder":
                theirs = f"head.up_conv{tokens[1][-1]}.{1 + bricks[tokens[3]]}.{tokens[4]}"
            elif tokens[0] == "context_fuse":
                theirs = f"head.aspp_combine.{1 + bricks[tokens[2]]}.{tokens[3]}"
            else:
                theirs = "head." + (f"conv2.{tokens[2]}" if tokens[1] == "3" else f"conv1.{tokens[1]}.{tokens[2]}")
        state[theirs] = value
    return state


@pytest.mark.parametrize("encoder", ["resnet18", "resnet50"])
@pytest.mark.parametrize("rates", [(), (2, 4, 6)])
def test_whole_network_round_trip(encoder, rates):
    torch.manual_seed(0)
    model = create_model(
        "banet", "paper", encoder=encoder, encoder_width=0.125, width=8, aspp_rates=rates, context_channels=16
    ).eval()
    state = {f"module.{k}": v for k, v in as_release(model).items()}
    state["module.pretrain_model.fc.weight"] = torch.zeros(1000, 8)
    state["module.head.up_conv4.1.weight"] = torch.zeros(16, 1, 3, 3)
    again = from_release(state, aspp_rates=(2, 4, 6)).eval()
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(model(x), again(x))
    assert again.spec.overrides["encoder"] == encoder
    assert again.spec.overrides["aspp_rates"] == rates


def test_full_size_parameter_count():
    """FACTS: 44,857,658 parameters, 2,084,584 of them without a gradient (the backbone's fc and head.up_conv4)."""
    model = create_model("banet", "paper")
    assert sum(p.numel() for p in model.parameters()) == 44_857_658 - 2_084_584


def test_errors_list_every_wrong_name():
    state = as_release(create_model("banet", "paper", encoder="resnet18", encoder_width=0.125, width=8))
    with pytest.raises(ValueError, match=r"not a name of the release.*head\.nonsense.*optimizer"):
        from_release({**state, "head.nonsense": torch.zeros(1), "optimizer": torch.zeros(1)})
    without = ("head.cf2.att_conv3.weight", "head.conv2.bias")
    with pytest.raises(
        ValueError, match=r"missing: head\.cff\.1\.gates\.stage3\.conv\.weight, head\.classifier\.3\.bias$"
    ):
        from_release({k: v for k, v in state.items() if k not in without})
    with pytest.raises(ValueError, match=r"it has no head\.mtl1\.reduce_conv\.weight"):
        from_release({k: v for k, v in state.items() if not k.startswith("head.")})
    with pytest.raises(ValueError, match="no ResNet of this package"):
        from_release({k: v for k, v in state.items() if not k.startswith("pretrain_model.layer4.1")})
    with pytest.raises(ValueError, match="of another shape"):
        head_from_release(
            {k[5:]: v if "att_conv1" not in k else v[:, :4] for k, v in state.items() if k.startswith("head.")}
        )


def test_release_head_is_the_paper_preset():
    head = create_model("banet", "paper").head
    assert isinstance(head, BANetHead)
    assert head.align_corners
    assert [list(m.pee.scales) for m in head.mini_mtl] == [["k5", "k7"], ["k5", "k7"], ["k3", "k5"], ["k3", "k5"]]
    assert {s.form for m in head.mini_mtl for s in m.pee.scales.values()} == {"average"}
