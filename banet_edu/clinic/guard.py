"""What stands between the browser and the clinic's page: nothing that goes wrong may vanish in a widget's callback."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import wraps
from typing import Any

from banet_edu.clinic.desk import BY_RULER


def on_the_page(method: Callable[..., None]) -> Callable[..., None]:
    """What the page calls: it says "working" meanwhile, and whatever went wrong, which would vanish in a widget."""

    @wraps(method)
    def run(page: Any, *given: Any) -> None:
        if page._changing:
            return
        moved = method.__name__ == "_set" and given[0]["name"] != "value"  # points and ruler leave what was said
        page.touch.busy, page.problem.value = True, page.problem.value if moved else ""
        try:
            method(page, *given)
        except Exception as error:
            said = html.escape(str(error) or type(error).__name__)
            page.problem.value = f'<p role="alert" style="color:#A23B00;line-height:1.4">{said}</p>'
            page._show_scale(page.length.value if page.desk is not None and BY_RULER in page.desk.source else 0.0)
        finally:
            page.touch.busy = False

    return run
