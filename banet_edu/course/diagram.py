"""The whole network as one picture, drawn from the model itself, with the block that a lesson is about in colour."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import nn

from banet_edu.banet.network import BANet
from banet_edu.data.sample import height_width
from banet_edu.figures.style import BLUE, GREY, INK, VERMILLION, new_figure, styled

# What can be lit, and the words under the lit column.
PARTS = {
    "encoder": "features, from fine to coarse",
    "pee": "an edge is what an average takes away",
    "attention": "object and edge listen to each other",
    "fusion": "every stage hears the others",
    "decoder": "from coarse to fine, to one answer",
    "answers": "what the loss looks at",
}
_STAGES = (1, 2, 3, 4)
# The left end of each column of boxes, and how wide they are.
_LEFT = {"image": 0.0, "encoder": 1.5, "pee": 3.6, "branches": 5.7, "fusion": 8.2, "decoder": 9.8, "answer": 11.4}
_WIDE = {"image": 1.0, "encoder": 1.5, "pee": 1.5, "branches": 1.9, "fusion": 1.0, "decoder": 1.0, "answer": 1.1}
_HIGH = 0.62
_PALE, _DIM = "#EFEFEF", "#8A8A8A"


def network_figure(model: nn.Module, lit: str | Collection[str] = (), *, branches: bool = True) -> Figure:
    """BA-Net from image to answer: a row for each stage, fine (1) at the top, a column for each block.

    Sizes, windows and what is switched off are read from the model. `lit`: one name or several of `PARTS`, drawn in
    colour, the rest in grey. Arrows: what reaches the answer; the two side answers of a stage stand below its branches.
    `branches=False` draws both branches of a stage as one box, before a lesson opens it.

    Raises ValueError for another network than BA-Net, and for an unknown part.

    >>> from banet_edu import create_model
    >>> figure = network_figure(create_model("banet", preset="nano"), lit="pee")
    >>> [text.get_text() for text in figure.axes[0].texts if "k =" in text.get_text()][:2]
    ['PEE\\nk = 5, 7', 'PEE\\nk = 5, 7']
    """
    if not isinstance(model, BANet):
        raise ValueError(f"the diagram is BA-Net's; got a {type(model).__name__}")
    lit = {lit} if isinstance(lit, str) else set(lit)
    if unknown := lit - PARTS.keys():
        raise ValueError(f"no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    figure, [[axes]] = new_figure(height=4.7)
    with styled():
        axes.set_axis_off()
        axes.set_xlim(-0.1, 12.6)
        axes.set_ylim(-4.9, 0.95)
        _Drawing(axes, model, lit, branches).draw()
    return figure


class _Drawing:
    """The pen: one method for each column."""

    def __init__(self, axes: Axes, model: BANet, lit: set[str], branches: bool) -> None:
        self.axes, self.model, self.lit, self.apart = axes, model, lit, branches
        self.input = height_width(model.spec.input_size)

    def draw(self) -> None:
        self.image()
        for stage in _STAGES:
            self.encoder(stage)
            self.pee(stage)
            self.branches(stage)
            self.fusion(stage)
            self.decoder(stage)
        self.hearing()
        self.answer()
        self.heads()

    def image(self) -> None:
        self.box("image", _row(1), f"image\n{self.input[0]} × {self.input[1]}")
        self.arrow(_right("image"), _row(1), _LEFT["encoder"], _row(1))

    def encoder(self, stage: int) -> None:
        rows, columns = (-(-side // self.model.encoder.strides[stage - 1]) for side in self.input)
        self.box(
            "encoder", _row(stage), f"C{stage}: {rows} × {columns}\n{self.model.encoder.channels[stage - 1]} channels"
        )
        if stage > 1:
            middle = _LEFT["encoder"] + _WIDE["encoder"] / 2
            self.arrow(middle, _row(stage - 1) - _HIGH / 2, middle, _row(stage) + _HIGH / 2, lit="encoder")
        self.arrow(_right("encoder"), _row(stage), _LEFT["pee"], _row(stage))

    def pee(self, stage: int) -> None:
        kernels = [scale.kernel for scale in self._mini(stage).pee.scales.values()]
        self.box(
            "pee",
            _row(stage),
            f"PEE\nk = {', '.join(map(str, kernels))}" if kernels else "PEE off\nR only",
            off=not kernels,
        )
        self.arrow(_right("pee"), _row(stage), _LEFT["branches"], _row(stage))

    def branches(self, stage: int) -> None:
        """Object branch above, edge branch below it, the exchange between them, and their side answers."""
        block, y = self._mini(stage), _row(stage)
        if not self.apart:
            self.box("branches", y, "object and edge", lit="attention")
            return
        half = _WIDE["branches"] / 2
        form = block.interactive_attention
        lit = "attention" in self.lit
        sides = "answers" in self.lit
        left = _LEFT["branches"]
        for x, text, colour, there in (
            (left, "object\ns → S" if form == "release" else "object\ns", BLUE, True),
            (left + half + 0.12, "edge\ne → E" if form else "edge\ne", VERMILLION, block.edge_task),
        ):
            if there:
                self.patch(x, y, half - 0.12, text, colour if lit else None)
                said = f"side {'mask' if colour == BLUE else 'edge'}"
                self.axes.text(x + half / 2 - 0.06, y - _HIGH / 2 - 0.13, said, ha="center", va="center", fontsize=9,
                               color=colour if sides else _DIM, weight="bold" if sides else "normal")  # fmt: skip
        if form and block.edge_task:
            colour = INK if lit else _DIM
            for up, ends in ((0.12, (half + 0.12, half - 0.12)), (-0.12, (half - 0.12, half + 0.12))):
                if form == "release" or up < 0:
                    self.line(left + ends[0], y + up, left + ends[1], y + up, colour, 1.8 if lit else 1.0, "->")

    def fusion(self, stage: int) -> None:
        on = self.model.head.cff is not None
        self.box("fusion", _row(stage), f"CFF\nF{stage}" if on else f"F{stage} = S{stage}", off=not on)
        self.arrow(_right("fusion"), _row(stage), _LEFT["decoder"], _row(stage))

    def hearing(self) -> None:
        """From every object branch to every fusion; without CFF only to the own one."""
        on = self.model.head.cff is not None
        colour, wide = (INK, 1.2) if "fusion" in self.lit and on else (_DIM, 0.7)
        # S leaves its branch and passes above the edge branch, which does not reach the answer.
        out = _LEFT["branches"] + _WIDE["branches"] / 4
        turn = _right("branches") + 0.12
        for j in _STAGES:
            above = _row(j) + (_HIGH / 2 + 0.1 if self.apart else 0)
            if self.apart:
                self.line(out, _row(j) + _HIGH / 2, out, above, colour, wide, "-")
            self.line(out if self.apart else _right("branches"), above, turn, above, colour, wide, "-")
            for i in _STAGES if on else (j,):
                strong = i == j
                self.line(turn, above, _LEFT["fusion"], _row(i), colour, 1.6 * wide if strong else wide, "->")

    def decoder(self, stage: int) -> None:
        context = stage == 4 and self.model.context is not None
        self.box("decoder", _row(stage), f"D{stage}\n+ context" if context else f"D{stage}")
        if stage > 1:
            middle = _LEFT["decoder"] + _WIDE["decoder"] / 2
            self.arrow(middle, _row(stage) + _HIGH / 2, middle, _row(stage - 1) - _HIGH / 2, lit="decoder")

    def answer(self) -> None:
        self.arrow(_right("decoder"), _row(1), _LEFT["answer"], _row(1))
        self.box("answer", _row(1), f"answer\n{self.input[0]} × {self.input[1]}", lit="answers")

    def heads(self) -> None:
        """What each column is called, and below what the lit ones do."""
        names = {
            "encoder": "encoder",
            "pee": "edge pyramid",
            "branches": "two branches",
            "fusion": "fusion",
            "decoder": "decoder",
        }
        for column, name in names.items():
            part = "attention" if column == "branches" else column
            lit = part in self.lit or (column == "branches" and "answers" in self.lit)
            self.axes.text(_LEFT[column] + _WIDE[column] / 2, 0.75, name, ha="center", va="center", fontsize=10.5,
                           weight="bold" if lit else "normal", color=INK if lit else _DIM)  # fmt: skip
        for y, stage in (
            (-0.55, "stage 1 (fine)"),
            (_row(2), "stage 2"),
            (_row(3), "stage 3"),
            (_row(4), "stage 4 (coarse)"),
        ):
            self.axes.text(0.55, y, stage, ha="center", va="center", fontsize=9, color=INK)
        said = "; ".join(f"{NAMES[part]}: {PARTS[part]}" for part in PARTS if part in self.lit)
        self.axes.text(6.2, -4.7, fill(said, 110), ha="center", va="center", fontsize=10.5, color=INK)

    def _mini(self, stage: int) -> Any:
        return self.model.head.mini_mtl[stage - 1]

    def box(self, column: str, y: float, text: str, *, lit: str = "", off: bool = False) -> None:
        colour = BLUE if (lit or column) in self.lit and not off else None
        self.patch(_LEFT[column], y, _WIDE[column], text, colour, off=off)

    def patch(self, x: float, y: float, wide: float, text: str, colour: str | None, *, off: bool = False) -> None:
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 0.06, y - _HIGH / 2 + 0.04),
                wide - 0.12,
                _HIGH - 0.08,
                boxstyle="round,pad=0.05",
                zorder=3,
                facecolor=colour or ("none" if off else _PALE),
                edgecolor=colour or GREY,
                linestyle="--" if off else "-",
                linewidth=1.0,
            )  # fmt: skip
        )
        self.axes.text(
            x + wide / 2, y, text, ha="center", va="center", fontsize=9, zorder=4, color="w" if colour else INK
        )

    def arrow(self, x: float, y: float, to_x: float, to_y: float, *, lit: str = "") -> None:
        strong = lit in self.lit
        self.line(x, y, to_x, to_y, INK if strong else _DIM, 1.6 if strong else 1.0, "->")

    def line(self, x: float, y: float, to_x: float, to_y: float, colour: str, wide: float, style: str) -> None:
        self.axes.annotate("", (to_x, to_y), (x, y), arrowprops={"arrowstyle": style, "color": colour, "linewidth": wide,
                                                                 "shrinkA": 0, "shrinkB": 0})  # fmt: skip


NAMES = {
    "encoder": "Encoder",
    "pee": "Pyramid edge extraction (PEE)",
    "attention": "Interactive attention",
    "fusion": "Cross feature fusion (CFF)",
    "decoder": "Decoder",
    "answers": "Answers",
}


def _row(stage: int) -> float:
    return -1.2 * (stage - 1)


def _right(column: str) -> float:
    return _LEFT[column] + _WIDE[column]
