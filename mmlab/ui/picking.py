"""A piece of HTML or SVG whose marked parts can be picked: by mouse, finger or keyboard.

Whatever carries `data-pick="name"` is a button. Its node in the page stays when the content changes, so nothing
flickers and the focus is kept; arrow keys move to the nearest one in that direction.

>>> picking.board(html, key="lattice", on_pick=lambda name: state.put(on=name))

The content is trusted: escape every name that comes from data.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_JS = """
const nearest = (from, key, all) => {
  const at = from.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2;
  const dx = {ArrowLeft: -1, ArrowRight: 1}[key] || 0, dy = {ArrowUp: -1, ArrowDown: 1}[key] || 0;
  let best = null, cost = Infinity;
  for (const other of all) {
    const box = other.getBoundingClientRect();
    const ox = box.x + box.width / 2 - x, oy = box.y + box.height / 2 - y;
    const along = ox * dx + oy * dy, across = Math.abs(ox * dy) + Math.abs(oy * dx);
    if (other !== from && along > 4 && along + 2 * across < cost) { best = other; cost = along + 2 * across; }
  }
  return best;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let box = parentElement.querySelector(".mm-board");
  if (!box) {
    box = document.createElement("div");
    box.className = "mm-board";
    parentElement.appendChild(box);
    box.addEventListener("click", (event) => {
      const hit = event.target.closest("[data-pick]");
      if (hit) box.pick(hit.dataset.pick);
    });
    box.addEventListener("keydown", (event) => {
      const hit = event.target.closest("[data-pick]");
      if (!hit) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); box.pick(hit.dataset.pick); }
      else if (event.key.startsWith("Arrow")) {
        const next = nearest(hit, event.key, box.querySelectorAll("[data-pick]"));
        if (next) { event.preventDefault(); next.focus(); }
      }
    });
  }
  box.pick = (name) => setTriggerValue("pick", name);
  if (box.shown !== data.html) {
    const active = box.contains(document.activeElement) ? document.activeElement.dataset.pick : null;
    box.innerHTML = data.html;
    box.shown = data.html;
    if (active) box.querySelector(`[data-pick="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
  }
}
"""


def board(html: str, key: str, on_pick: Callable[[str], None]) -> None:
    """Show `html`; `on_pick` gets the name of the part that was picked, before the page (or its panel) runs again."""

    def picked() -> None:
        name = getattr(st.session_state.get(key), "pick", None)
        if name:
            on_pick(str(name))

    _component()(key=key, data={"html": html}, on_pick_change=picked)


def _component() -> Callable[..., object]:
    """Registered with whatever runtime there is now: under test each app has its own."""
    return st.components.v2.component("mmlab_board", js=_JS, isolate_styles=False)
