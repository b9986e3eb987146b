"""docs/results.md as data: every cell of its tables by run, row and column, and what is reported beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHORT = {"p < 0.05": "small", "p < 0.05 after Holm's correction": "left"}  # of the table that counts the tests
MINUS = ", minus banet's"


@dataclass(frozen=True)
class Cell:
    """A cell as printed; of a difference also its interval with the seeds resampled, its p, and whether p is left."""

    text: str
    seeds: str = "–"
    p: str = ""
    left: bool = False

    @property
    def figure(self) -> str:
        return re.split(r" \[| †", self.text)[0]

    @property
    def images(self) -> str:
        return self.text[self.text.index("[") :]

    def __format__(self, kind: str) -> str:
        """As printed, or `down` and `up`: the size of a difference that has this sign; `n`: the first number."""
        signs = {"down": "-", "up": "+"}
        if kind in signs:
            return self.figure.removeprefix(signs[kind]) if self.figure[0] == signs[kind] else f"({self.figure}?)"
        return {
            "": self.figure,
            "n": self.figure.split()[0],
            "images": self.images if "[" in self.text else "",
            "seeds": self.seeds,
            "p": self.p,
            "nth": self.figure.removesuffix(" pixel"),
            "size": self.figure.replace("-", ""),
        }[kind]

    def verdict(self) -> str:
        """`+` clear of 0 and `-` level, over images and with the seeds resampled (`1`: one seed); `+` left after Holm."""
        seeds = "1" if self.seeds == "–" else clear(self.seeds)
        return clear(self.images) + seeds + ("+" if self.left else "-")


@dataclass(frozen=True)
class Same:
    """Cells that are to hold the same figure: as one of them, or all that differ."""

    cells: list[Cell]

    def __format__(self, kind: str) -> str:
        return " and ".join(sorted({format(cell, kind) for cell in self.cells}))


def clear(interval: str) -> str:
    low, high = re.findall(r"([-+])\d", interval)  # the sign of -0.000 counts
    return "+" if low == high else "-"


def cells_of(page: str) -> dict[tuple[str, str, str], Cell]:
    """(run, row, column) -> cell. A column has its first word as a name, a difference a `d` before that of its figure."""
    found: dict[tuple[str, str, str], Cell] = {}
    for run, block in re.findall(r"<!-- (?:run|table): (?:study-)?(\S+) -->(.*?)<!-- end -->", page, re.DOTALL):
        for table in re.findall(r"(?:^\|.*\n)+", block, re.MULTILINE):
            head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
            for row in rows:
                for (name, column), cell in cells_of_row(head, row).items():
                    found.setdefault((run, name, column), cell)
        found |= {(run, "run", what): Cell(number) for what, number in setting(block)}
        for line in re.findall(r"^\*Reported .*:\* (.*)\.$", block, re.MULTILINE):
            for who, figure in re.findall(r"([A-Za-z][\w -]*?) (-?\d.*?)(?:, |$)", line):
                found[run, "reported", who.removeprefix("without ")] = Cell(figure)
    return with_corrections(found)


def cells_of_row(head: list[str], row: list[str]) -> dict[tuple[str, str], Cell]:
    values: dict[tuple[str, str], Cell] = {}
    name, figure = (head if row[0].isdigit() else row)[0], ""
    if (head[0], head[-1]) == ("what differs", "after correction"):  # `one−other/data/steps`, each at its own rate
        of = dict(zip(head, row, strict=True))
        name = "/".join((of["networks"].replace(" ", ""), of["data"], of["steps"]))
        left = of["after correction"].startswith("<") or float(of["after correction"]) < 0.05
        return {
            (name, "d" + of["figure"].split()[0]): Cell(of["difference"], of["with seeds resampled"], of["p"], left)
        }
    if head[1] == "figure":  # one figure a row: paired tests, and what is left after correction
        return {(name, "d" + row[1].split()[0]): Cell(row[2], p=row[3] if len(row) > 3 else "")}
    if head[1] == "seeds" and (name, row[1]) in {("banet", "0"), ("banet", "0, 1")}:
        name += "@" + row[1].replace(", ", "+")
    for title, cell in zip(head, row, strict=True):
        if title == "with seeds resampled":
            values[name, figure] = Cell(values[name, figure].text, seeds=cell)
        elif title == "p":
            values[name, figure] = Cell(values[name, figure].text, values[name, figure].seeds, cell)
        else:
            plain = title.removesuffix(MINUS).split()[0].rstrip(",")
            figure = (
                f"d{figure}" if title == "difference" else f"d{plain}" if MINUS in title else SHORT.get(title, plain)
            )
            values[name, figure] = Cell(cell)
    return values


def setting(block: str) -> list[tuple[str, str]]:
    patterns = {"training": r"(\d+) training", "test": r"(\d+) (?:test )?images(?: of \w+ that|;)"}
    patterns |= {"steps": r"(\d+) steps of", "batch": r"steps of (\d+) images"}
    return [(what, match[1]) for what, pattern in patterns.items() if (match := re.search(pattern, block))]


def with_corrections(cells: dict[tuple[str, str, str], Cell]) -> dict[tuple[str, str, str], Cell]:
    left = {
        (run, network, figure)
        for (table, run, figure), cell in cells.items()
        if table == "tests"
        for network in re.findall(r"(\S+) [-+]", cell.text)
    }
    return {key: Cell(cell.text, cell.seeds, cell.p, cell.left or key in left) for key, cell in cells.items()}
