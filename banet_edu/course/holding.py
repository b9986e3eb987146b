"""An outcome that nobody predicted waits: the question is put again, loudly, and a button shows the outcome all the same.

Only where a person sits before the notebook. JupyterLab, VS Code and Colab tell the kernel that they can ask for input; what
runs a notebook through (nbclient, nbconvert, `pytest --nbval`) tells that it cannot, and then nothing waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.core.getipython import get_ipython
from IPython.display import display
from IPython.utils.capture import capture_output

from banet_edu.course.answers import WRONG

if TYPE_CHECKING:
    from banet_edu.course.predictions import Predictions

_COMPARES = re.compile(r"^\s*predictions\.compare\(\s*[\"'](\w+)[\"']", re.MULTILINE)
Output = dict[str, Any]


class Held(ipywidgets.VBox):
    """What stands in place of a held outcome, until every question is answered or the reader asks for it unanswered.

    Args:
        predictions: of the lesson. names: the questions that are still open.
        outputs: what the cell gave, as a notebook keeps outputs.
        told: what compares and concludes; called when it is shown, since an answer may come until then.

    Attributes:
        asks: the open questions' widgets. show: the button. shown: the `ipywidgets.Output` below, empty until then.
    """

    def __init__(
        self,
        predictions: Predictions,
        names: Sequence[str],
        outputs: Sequence[Output],
        told: Sequence[Callable[[], dict[str, str]]],
    ) -> None:
        self._outputs, self._told = list(outputs), list(told)
        self._predictions, self._names = predictions, list(names)
        self.asks = [predictions.ask(name) for name in names]
        self.show = ipywidgets.Button(description="Show the outcome without a prediction", icon="eye")
        self.show.layout.width = "22rem"
        self.show.on_click(lambda _: self.reveal())
        self.shown = ipywidgets.Output()
        loud = (
            f'<p role="alert" style="font-size:16px;line-height:1.4;color:{WRONG};margin:0">'
            "<b>You have not predicted this yet. The outcome waits.</b> Commit your answer, and it appears.</p>"
        )
        self._gate = ipywidgets.VBox([ipywidgets.HTML(loud), *self.asks, self.show])
        self._gate.layout.border, self._gate.layout.padding = f"2px solid {WRONG}", ".6rem"
        for name in names:
            predictions.when_answered(name, self._answered)
        super().__init__([self._gate, self.shown])

    def reveal(self) -> None:
        """Show the outcome, answered or not."""
        self._gate.layout.display = "none"
        told = [{"output_type": "display_data", "data": tell(), "metadata": {}} for tell in self._told]
        self.shown.outputs = (*self._outputs, *told)
        self._outputs, self._told = [], []

    def _answered(self) -> None:
        if not any(self._predictions.is_open(name) for name in self._names):
            self.reveal()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return {
            **super()._repr_mimebundle_(**options),
            "text/plain": "You have not predicted this yet. The outcome waits.",
        }


def someone_is_there() -> bool:
    """Does a person sit before this kernel?"""
    return bool(getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False))


def hold_outcomes(predictions: Predictions) -> None:
    """From the next cell on, hold back what a cell shows that compares an open prediction. The lesson's latest one counts."""
    shell = get_ipython()
    if shell is None:
        return
    for event, known in list(_WATCHING.items()):
        shell.events.unregister(event, known)
        del _WATCHING[event]
    capture = capture_output()
    captured: list[Any] = []
    names: list[str] = []

    def before(info: Any) -> None:
        names[:] = [name for name in _COMPARES.findall(info.raw_cell) if predictions.is_open(name)]
        if names and someone_is_there():
            predictions.hold()
            captured[:] = [capture.__enter__()]

    def after(result: Any) -> None:
        if not captured:
            return
        capture.__exit__(None, None, None)
        kept, told = captured.pop(), predictions.held()
        outputs = [{"output_type": "display_data", "data": o.data, "metadata": o.metadata or {}} for o in kept.outputs]
        for name, printed in (("stderr", kept.stderr), ("stdout", kept.stdout)):
            if printed:
                outputs.insert(0, {"output_type": "stream", "name": name, "text": printed})
        held = Held(predictions, names, outputs, told)
        if not result.success:  # the error stands there already; what led to it must not be missing
            held.reveal()
        display(held)

    for event, function in (("pre_run_cell", before), ("post_run_cell", after)):
        shell.events.register(event, function)
        _WATCHING[event] = function


_WATCHING: dict[str, Callable[..., None]] = {}
