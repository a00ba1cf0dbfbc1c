"""The lattice of one sample as a widget: switch its inputs, or pick a combination, to see its prediction.

All answers are computed when it is made. `present` holds the inputs that are on, in Python as in the notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mmlab.core.number_text import percent
from mmlab.core.outputs import Prediction
from mmlab.notebook.shown import STYLE

HERE = Path(__file__).resolve()
MOST_BARS = 6


class LatticeWidget(anywidget.AnyWidget):
    """inputs: name, label, letter and colour of each; answers: by combination; present: which inputs are on.

    Raises TraitError for inputs that were not given, and for none.
    """

    _esm = HERE.with_suffix(".js").read_text("utf-8")
    _css = STYLE.removeprefix("<style>").removesuffix("</style>") + HERE.with_suffix(".css").read_text("utf-8")
    title = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)
    inputs = traitlets.List(traitlets.Dict()).tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)
    present = traitlets.List(traitlets.Unicode()).tag(sync=True)

    @traitlets.validate("present")
    def _in_order(self, proposal: Mapping[str, Any]) -> list[str]:
        wanted = set(proposal["value"])
        names = [each["name"] for each in self.inputs]
        if not wanted or not wanted <= set(names):
            raise traitlets.TraitError(
                f"One or more of {', '.join(names)} are present, not {sorted(wanted) or 'none'}."
            )
        return [name for name in names if name in wanted]

    @property
    def key(self) -> str:
        """The combination that is shown, such as `image-sound`."""
        return "-".join(self.present)


def lattice_widget(
    title: str,
    note: str,
    svg: str,
    inputs: Sequence[Mapping[str, str]],
    found: Mapping[str, Prediction],
) -> LatticeWidget:
    """The widget, with all inputs on. svg: a drawing whose nodes carry `data-pick`."""
    return LatticeWidget(
        title=title,
        note=note,
        svg=svg,
        inputs=[dict(each) for each in inputs],
        answers={key: _answer(each) for key, each in found.items()},
        present=[each["name"] for each in inputs],
    )


def _answer(found: Prediction) -> dict[str, Any]:
    """What is shown of it: the answer, its confidence, and the most probable classes with their shares."""
    first = sorted(found.probabilities.items(), key=lambda each: -each[1])[:MOST_BARS]
    return {
        "answer": found.answer,
        "sure": percent(found.confidence) if found.confidence else "",
        "bars": [[name, share, percent(share)] for name, share in first],
    }
