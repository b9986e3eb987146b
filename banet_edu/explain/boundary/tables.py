"""Tables whose lengths stand in mm or in % of the image diagonal (pct), as the ends of their column names say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import pandas as pd

_UNITS = ("mm", "pct")


class UnitTable(pd.DataFrame):
    """A DataFrame that knows the unit of its lengths, so that who reads `effect_mm` or `effect_pct` asks for `effect`.

    The unit is read off the column names each time: no slice, sort or concat can lose it.

    >>> table = UnitTable({"cause": ["noise"], "effect": [0.4]}).with_unit("mm", "effect")
    >>> list(table), table.unit, float(table.measured("effect").max()), [row["effect"] for row in table.rows()]
    (['cause', 'effect_mm'], 'mm', 0.4, [0.4])
    """

    @property
    def _constructor(self) -> type[Self]:
        return type(self)

    @property
    def unit(self) -> str:
        """ "mm" or "pct", that of the first column of lengths."""
        ends = (str(column).rpartition("_")[2] for column in self.columns)
        if found := next((end for end in ends if end in _UNITS), None):
            return found
        raise ValueError("this table has no column of lengths: none ends in _mm or _pct")

    def column(self, name: str) -> str:
        """The full name of a column of lengths: "arc" -> "arc_mm"."""
        return f"{name}_{self.unit}"

    def measured(self, name: str) -> pd.Series:
        """A column of lengths by its name without the unit: "arc" -> the column `arc_mm` or `arc_pct`."""
        return self[self.column(name)]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Row by row, each length under its name without the unit: `row["effect"]`."""
        bare = {column: str(column).removesuffix(f"_{self.unit}") for column in self.columns}
        yield from self.rename(columns=bare).to_dict("records")  # type: ignore[misc]

    def with_unit(self, unit: str, *names: str) -> Self:
        """The same table whose columns `names`, lengths in `unit`, say so: "effect" -> "effect_mm"."""
        return self.rename(columns={name: f"{name}_{unit}" for name in names})


class Profile(UnitTable):
    """What `boundary_profile` measured, one row per point of the outline; that function says what the columns are."""

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        """Any table with a profile's columns, such as one read back from a file. ValueError when it has no arc length."""
        profile = cls(table)
        profile.column("arc")  # raises where there is no unit
        return profile

    @property
    def unit(self) -> str:
        """ "mm" or "pct", that of the arc length, whatever columns were added."""
        for unit in _UNITS:
            if f"arc_{unit}" in self.columns:
                return unit
        raise ValueError(
            "this is no boundary profile: it has no column arc_mm or arc_pct; boundary_profile(...) makes one"
        )

    @property
    def has_errors(self) -> bool:
        """Whether an error is known anywhere: not without a reference, nor where one of the two regions is empty."""
        return self.column("signed_error") in self.columns and bool(self.measured("signed_error").notna().any())

    def steps(self) -> pd.Series:
        """Length from the point before, nan at the first point of each contour."""
        return self.groupby(["name", "contour"], sort=False)[self.column("arc")].diff()

    @property
    def step(self) -> float:
        """The usual length from one point to the next."""
        return float(self.steps().median())

    def between(self, contour: int, first: float, last: float) -> Self:
        """The rows of one contour from arc length `first` to `last`, in its order: over its first point if first > last."""
        part = self[self["contour"] == contour]
        arc = part.measured("arc")
        if first <= last:
            return part[(arc >= first) & (arc <= last)]
        return type(self)(pd.concat([part[arc >= first], part[arc <= last]]))
