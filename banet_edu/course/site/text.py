"""Markdown as HTML: formulas as MathML, which browsers draw without a script; links to other pages of the site."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any


def in_html(markdown: str, link: Callable[[str], str | None]) -> str:
    """A lesson's or a document's Markdown as HTML.

    Args:
        link: gives the address on the site of what a link names; None where it leads nowhere: its text remains.

    ModuleNotFoundError where `latex2mathml` is not installed.
    """
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def inline_math(self, body: str) -> str:
            return mathml(body)

        def block_math(self, body: str) -> str:
            return mathml(body, display=True)

        def link(self, text: str, url: str, title: str | None = None) -> str:
            address = url if "://" in url else link(url)
            return text if address is None else f'<a href="{html.escape(address, quote=True)}">{text}</a>'

        def heading(self, text: str, level: int, **_: Any) -> str:
            return f'<h{level} id="{anchor(text)}">{text}</h{level}>\n'

        def table(self, text: str) -> str:
            return f'<div class="wide" tabindex="0" role="region" aria-label="a table"><table>{text}</table></div>\n'

    return str(MarkdownWithMath(renderer=Renderer(escape=False))(markdown))


def mathml(formula: str, display: bool = False) -> str:
    """A LaTeX formula as MathML.

    >>> mathml("k")
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>k</mi></mrow></math>'
    """
    try:
        from latex2mathml.converter import convert
    except ModuleNotFoundError:
        raise ModuleNotFoundError('formulas of the site need latex2mathml: pip install "banet-edu[site]"') from None
    found = str(convert(formula.strip(), display="block" if display else "inline"))
    return f'<div class="formula">{found}</div>' if display else found


def anchor(heading: str) -> str:
    """The name of a heading in a link, as GitHub makes it.

    >>> anchor("What was <em>not</em> tried, yet")
    'what-was-not-tried-yet'
    """
    words = html.unescape(re.sub(r"<[^>]*>", "", heading)).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def code_in_html(source: str) -> str:
    """Python with its colours, as classes of `code_style`."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return str(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def code_style() -> str:
    """CSS for `code_in_html`: colours that are told apart on white."""
    from pygments.formatters import HtmlFormatter

    return str(HtmlFormatter(style="xcode").get_style_defs(".code"))
