"""Lesson 03: both exercises as formulas with named parts, and what is put in the place of a part by mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from banet_edu.course.checks import Slips

FRAME = "Repeat the frame instead: F.pad(R, (k // 2,) * 4, mode='replicate'), then average without padding."
Maps = Sequence[Tensor]
Table = dict[tuple[str, str], dict[str, Any]]


def _repeated(reduced: Tensor, k: int) -> Tensor:
    return F.pad(reduced, (k // 2,) * 4, mode="replicate")


def _windows(padded: Tensor, k: int) -> Tensor:
    """All cells of each window along the last axis."""
    return padded.unfold(2, k, 1).unfold(3, k, 1).flatten(-2)


def edge_of(
    reduced: Tensor,
    k: int,
    *,
    size: Callable[[int], int] = lambda k: k,
    beyond: Callable[[Tensor, int], Tensor] = _repeated,
    average: Callable[..., Tensor] = lambda padded, k, reduced: F.avg_pool2d(padded, k, stride=1),
    own: Callable[..., Any] = lambda reduced, average, k: reduced,
    less: Callable[..., Any] = lambda reduced, average, k: average,
    joined: Callable[..., Tensor] = torch.sub,
) -> Tensor:
    """An edge map, step by step, each of which can be taken wrongly."""
    averaged = average(beyond(reduced, size(k)), size(k), reduced)
    return joined(own(reduced, averaged, k), less(reduced, averaged, k))


def _edge_table() -> Table:
    signed = "Keep the sign, it tells the bright side of an edge from the dark one: no abs."
    minus, mean = "R minus the average.", "The mean of the k x k cells: F.avg_pool2d."
    sides = "Pad by k // 2 on EVERY side."
    table: Table = {
        ("your function gives R back as it is: nothing is subtracted.", "Subtract the average from R."):
            {"joined": lambda own, less: own},
        ("your map is 0 everywhere.", "Subtract the average of R from R, not R from itself."):
            {"joined": lambda own, less: 0 * own},
        ("that is the average itself.", "The edge is what the average takes away: R minus the average."):
            {"joined": lambda own, less: less},
        ("the sign is the wrong way round.", "R minus the average, not the average minus R."):
            {"joined": lambda own, less: less - own},
        ("the sign is lost: all values are positive.", signed): {"joined": lambda own, less: (own - less).abs()},
        ("negative values are missing.", "Keep the sign: no ReLU here."): {"joined": lambda own, less: (own - less).relu()},
        ("positive values are missing.", "Keep the sign: R minus the average as it is."):
            {"joined": lambda own, less: (own - less).clamp(max=0)},
        ("the difference is squared.", "Keep the difference as it is: a square has lost its sign."):
            {"joined": lambda own, less: (own - less) ** 2},
        ("the average is added to R, not subtracted.", minus): {"joined": torch.add},
        ("R is multiplied by the average.", minus): {"joined": torch.mul},
        ("R is divided by the average.", minus): {"joined": torch.div},
        ("the average is divided by R.", minus): {"joined": lambda own, less: less / own},
        ("zeros were averaged in.", FRAME): {"beyond": lambda reduced, k: F.pad(reduced, (k // 2,) * 4)},
        ("you take the largest value of the window, not its mean.", "F.avg_pool2d, not F.max_pool2d."):
            {"average": lambda padded, k, reduced: _windows(padded, k).amax(-1)},
        ("you take the smallest value of the window, not its mean.", mean):
            {"average": lambda padded, k, reduced: _windows(padded, k).amin(-1)},
        ("you take the median of the window, not its mean.", mean):
            {"average": lambda padded, k, reduced: _windows(padded, k).median(-1).values},
        ("you take the sum of the window, not its mean.", f"Divide by k * k. {mean}"):
            {"average": lambda padded, k, reduced: _windows(padded, k).sum(-1)},
        ("the sum of the window is divided by k, not by k * k.", "A window has k * k cells."):
            {"average": lambda padded, k, reduced: _windows(padded, k).sum(-1) / k},
        ("the window is a row of k cells.", "The window is k x k."): {"average": lambda padded, k, reduced:
            F.avg_pool2d(padded, (1, k), stride=1)[:, :, k // 2 : k // 2 + reduced.shape[2]]},
        ("the window is a column of k cells.", "The window is k x k."): {"average": lambda padded, k, reduced:
            F.avg_pool2d(padded, (k, 1), stride=1)[..., k // 2 : k // 2 + reduced.shape[3]]},
        ("the average leaves out the middle cell of the window.", "All k x k cells count, the middle one too."):
            {"average": lambda padded, k, reduced: (_windows(padded, k).sum(-1) - reduced) / (k * k - 1)},
        ("the average is over all channels too.", "Each channel gets an average of its own."):
            {"average": lambda padded, k, reduced: F.avg_pool2d(padded, k, stride=1).mean(dim=1, keepdim=True)},
        ("the average is that of the whole map.", "Each cell gets the average of the k x k cells around it."):
            {"average": lambda padded, k, reduced: reduced.mean(dim=(2, 3), keepdim=True).expand_as(reduced)},
        ("one average of all channels and cells is subtracted.", "Each cell gets the average of the k x k cells around it."):
            {"average": lambda padded, k, reduced: reduced.mean().expand_as(reduced)},
        ("that is the largest minus the smallest value of each window.", minus):
            {"own": lambda R, A, k: _windows(_repeated(R, k), k).amax(-1),
             "less": lambda R, A, k: _windows(_repeated(R, k), k).amin(-1)},
        ("all of the padding is above and on the left: your average is moved.", sides):
            {"beyond": lambda reduced, k: F.pad(reduced, (k - 1, 0, k - 1, 0), mode="replicate")},
        ("all of the padding is below and on the right: your average is moved.", sides):
            {"beyond": lambda reduced, k: F.pad(reduced, (0, k - 1, 0, k - 1), mode="replicate")},
        ("it is averaged twice.", "Average R once."): {"average": lambda padded, k, reduced:
            F.avg_pool2d(_repeated(F.avg_pool2d(padded, k, stride=1), k), k, stride=1)},
    }  # fmt: skip
    for words, part in (("R", "own"), ("the average", "less")):
        table[f"k // 2 stands where {words} should.", minus] = {part: lambda R, A, k: torch.full_like(R, k // 2)}
        table[f"k stands where {words} should.", minus] = {part: lambda R, A, k: torch.full_like(R, k)}
    table["the average stands where R should.", minus] = {"own": lambda R, A, k: A}
    table["R stands where the average should.", minus] = {"less": lambda R, A, k: R}
    for fixed in (3, 5, 7):
        said = f"you average over {fixed} x {fixed} cells, whatever k is."
        table[said, "Use the argument k instead of a fixed number."] = {"size": lambda k, fixed=fixed: fixed}
    return table


def pee_of(
    block: Any,
    c: Tensor,
    *,
    reduced: Callable[..., Tensor] = lambda block, c: block.reduce(c),
    edge: Callable[..., Tensor] = lambda reduced, edge: edge,
    sign: Callable[[Tensor], Tensor] = lambda edge: edge,
    scale: Callable[[Tensor], Tensor] = lambda edge: edge,
    members: Callable[[list[Tensor]], Maps] = lambda edges: edges,
    joined: Callable[..., Maps] = lambda reduced, edges: [reduced, *edges],
    finished: Callable[..., Tensor] = lambda block, pyramid: block.fuse(block.relu(block.mix(pyramid))),
) -> Tensor:
    """P, step by step, each of which can be taken wrongly."""
    r = reduced(block, c)
    edges = [scale(sign(edge(r, edge_of(r, each.kernel)))) for each in block.scales.values()]
    return finished(block, torch.cat([*joined(r, members(edges))], dim=1))


def _pee_table() -> Table:
    steps, scales = "block.fuse(block.relu(block.mix(...)))", "Each scale has its own edges: my_edge(R, scale.kernel)."
    order = "Keep the order of the formula: R first, then the edges from narrow to wide."
    keep, form = "Join the edges as my_edge gives them.", "edge = R minus average."
    return {
        ("the ReLU between block.mix and block.fuse is missing.", steps): {"finished": lambda b, p: b.fuse(b.mix(p))},
        ("block.fuse is missing: this is the mix after its ReLU.", "End with block.fuse(...)."):
            {"finished": lambda b, p: b.relu(b.mix(p))},
        ("block.relu and block.fuse are missing: this is the mix.", steps): {"finished": lambda b, p: b.mix(p)},
        ("the ReLU comes after block.fuse, not before it.", steps): {"finished": lambda b, p: b.relu(b.fuse(b.mix(p)))},
        ("the ReLU comes before block.mix, not after it.", steps): {"finished": lambda b, p: b.fuse(b.mix(b.relu(p)))},
        ("a second ReLU follows block.fuse.", steps): {"finished": lambda b, p: b.relu(b.fuse(b.relu(b.mix(p))))},
        ("a second ReLU comes before block.mix.", steps): {"finished": lambda b, p: b.fuse(b.relu(b.mix(b.relu(p))))},
        ("block.fuse is called twice.", steps): {"finished": lambda b, p: b.fuse(b.fuse(b.relu(b.mix(p))))},
        ("block.fuse comes before the ReLU and once more after it.", steps):
            {"finished": lambda b, p: b.fuse(b.relu(b.fuse(b.mix(p))))},
        ("R and the edges are joined in another order.", order): {"joined": lambda r, edges: [*edges, r]},
        ("the edges are joined from wide to narrow.", order): {"members": lambda edges: edges[::-1]},
        ("the edges are moved on by one place.", order): {"members": lambda edges: [*edges[1:], edges[0]]},
        ("the averages are joined, not the edges.", f"{form} (The average form needs other weights: part 5.)"):
            {"edge": lambda r, edge: r - edge},
        ("R is joined several times, and no edge.", "Call my_edge(R, scale.kernel) for each scale."):
            {"edge": lambda r, edge: r},
        ("R plus its average is joined, not R minus it.", form): {"edge": lambda r, edge: 2 * r - edge},
        ("all edges have the same window.", "Each scale has its own: scale.kernel."):
            {"members": lambda edges: [edges[0]] * len(edges)},
        ("all edges have the same window, the widest.", "Each scale has its own: scale.kernel."):
            {"members": lambda edges: [edges[-1]] * len(edges)},
        ("each edge map is the mean of all of them.", scales):
            {"members": lambda edges: [sum(edges) / len(edges)] * len(edges)},
        ("each edge map is the sum of all of them.", scales): {"members": lambda edges: [sum(edges)] * len(edges)},
        ("all edge maps are 0.", scales): {"members": lambda edges: [0 * each for each in edges]},
        ("the last edge map is 0.", scales): {"members": lambda edges: [*edges[:-1], 0 * edges[-1]]},
        ("R is 0 in the pyramid.", "R itself is joined first."): {"joined": lambda r, edges: [0 * r, *edges]},
        ("the edges have the wrong sign: average minus R.", form): {"sign": lambda edge: -edge},
        ("the edges have lost their sign.", f"{keep} No abs."): {"sign": torch.abs},
        ("negative values of the edges are missing.", f"{keep} No ReLU on them."): {"sign": torch.relu},
        ("positive values of the edges are missing.", keep): {"sign": lambda edge: edge.clamp(max=0)},
        ("the edges are squared.", keep): {"scale": torch.square},
        ("the edges are doubled.", keep): {"scale": lambda edge: 2 * edge},
        ("the edges are halved.", keep): {"scale": lambda edge: edge / 2},
    }  # fmt: skip


EDGE_SLIPS = Slips(edge_of, _edge_table())
PEE_SLIPS = Slips(pee_of, _pee_table())
