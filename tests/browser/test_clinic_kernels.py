"""What a page of the clinic leaves behind on the machine."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import psutil
import pytest
from browser_lessons import READY

pytestmark = pytest.mark.landing


def test_a_page_that_is_left_leaves_no_kernel(clinic: str, browser: Any) -> None:
    def kernels() -> int:
        found = 0
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                found += any("ipykernel_launcher" in part for part in child.cmdline())
        return found

    def settle(count: int) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and kernels() != count:
            time.sleep(0.5)
        assert kernels() == count

    before = kernels()
    context = browser.new_context()
    page = context.new_page()
    for _ in range(2):
        page.goto(clinic)
        page.wait_for_function(READY)
        settle(before + 1)
    page.goto("about:blank")
    settle(before)
    context.close()
