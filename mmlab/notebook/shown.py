"""A view that displays itself in a notebook, with the numbers that it is based on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmlab.core.errors import MissingExtra, Unsupported
from mmlab.storage.atomic_files import write_atomically

# In the notebook's own ink, on its own paper: Jupyter's variables where there are such
STYLE = """<style>.mmlab-shown { max-width: 760px; } .mmlab-shown svg { width: 100%; height: auto; display: block; }
.mmlab-shown .mm-paper { fill: var(--jp-layout-color0, light-dark(#ffffff, #10141b)); }
.mmlab-shown .mm-halo { stroke: var(--jp-layout-color0, light-dark(#ffffff, #10141b)); stroke-width: 4; }
.mmlab-shown .mm-chip { display: inline-block; min-width: 1.5em; line-height: 1.5em; border-radius: 1em;
  text-align: center; font-weight: 700; border: 1.6px solid var(--c); }
.mmlab-shown .mm-off { opacity: .3; } .mmlab-shown img { max-width: 100%; }
.mmlab-shown td, .mmlab-shown th { text-align: right; padding: 2px 12px 2px 0; }
.mmlab-shown td:first-child, .mmlab-shown th:first-child { text-align: left; }</style>"""

INSTALL = "Install it: pip install 'mmlab[notebook]'"


@dataclass(frozen=True)
class Shown:
    """A view of a page. title and note: texts; html: the drawing; numbers: the data behind it.

    A notebook displays it; `figure` is the same as a Plotly figure, if there is one. `live` creates a widget of
    it that reacts to clicks: a notebook shows it if anywidget is installed, and otherwise the static drawing.

    >>> model = mmlab.load("watch", "dropout")
    >>> shown = model.lattice(0)
    >>> shown.save("lattice.html")
    >>> list(shown.numbers)
    ['accelerometer', 'gyroscope', 'accelerometer-gyroscope']
    """

    title: str
    html: str
    numbers: Mapping[str, Any]
    note: str = ""
    plotly: Callable[[], Any] | None = field(default=None, repr=False)
    live: Callable[[], Any] | None = field(default=None, repr=False)

    @property
    def figure(self) -> Any:
        """A Plotly figure to zoom into and to change. Raises Unsupported for a view without one."""
        if self.plotly is None:
            raise Unsupported(f"'{self.title}' is no Plotly figure.", "Use .html, or .numbers to draw it otherwise.")
        return self.plotly()

    @cached_property
    def widget(self) -> Any:
        """An anywidget to click on. Raises Unsupported for a view without one, MissingExtra without anywidget."""
        if self.live is None:
            raise Unsupported(f"'{self.title}' is no widget.", "Use .html, or .figure where there is one.")
        if not _has_widgets():
            raise MissingExtra("Widgets need a package that is not here: anywidget.", INSTALL)
        return self.live()

    def save(self, file: str | Path) -> None:
        """Write the view as a self-contained HTML file, for light and dark."""
        head = f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
        ink = "<style>body { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }</style></head><body>"
        write_atomically(Path(file), f"{head}{ink}{self._repr_html_()}</body></html>".encode())

    def _repr_mimebundle_(self, **_: Any) -> Any:
        """The widget, beside which a notebook keeps the drawing for those who only read it; nothing without one."""
        return self.widget._repr_mimebundle_() if self.live is not None and _has_widgets() else {}

    def _repr_html_(self) -> str:
        # nothing can be picked here
        drawing = self.html.replace(' role="button" tabindex="0"', ' role="img"')
        drawing = drawing.replace("<button", "<div").replace("</button>", "</div>")
        note = f"<p><small>{escape(self.note)}</small></p>" if self.note else ""
        return f'{STYLE}<div class="mmlab-shown"><b>{escape(self.title)}</b>{drawing}{note}</div>'

    def __repr__(self) -> str:
        return f"<{self.title}>"


def _has_widgets() -> bool:
    return find_spec("anywidget") is not None
