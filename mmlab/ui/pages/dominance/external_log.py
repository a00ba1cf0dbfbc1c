"""The log of a custom training loop: the five lines that write it, and the same figures as for the models here."""

from __future__ import annotations

import streamlit as st

from mmlab.analysis.dominance.log_reader import LARGEST, read_log
from mmlab.core.group_name import several
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.pages.dominance.modality_labels import Names
from mmlab.ui.pages.dominance.training_dynamics import course_of
from mmlab.ui.text import wording

LINES = """from mmlab.training.loop import DominanceLog

log = DominanceLog("run.jsonl", {"image": model.image_net, "sound": model.sound_net})
for epoch in range(epochs):
    for inputs, target in batches:
        loss = criterion(model(inputs), target)
        loss.backward()
        log.step()                     # after backward, before the gradients are cleared
        optimiser.step()
        optimiser.zero_grad()
    log.epoch({"image": 0.61, "sound": 0.48, "image-sound": 0.83})   # scores on validation
log.close()"""


def show(task: Task, reference: Reference | None) -> None:
    """The lines to write a log, and the view of one."""
    uploaded = st.file_uploader(
        say("A log (.jsonl)"),
        type=["jsonl"],
        key="dominance.log",
        help=say(wording.SENTENCE_PRIVATE),
        max_upload_size=LARGEST >> 20,
    )
    with st.expander(say("How to write one, in any training loop of PyTorch"), expanded=uploaded is None):
        st.code(LINES, language="python")
        st.caption(
            say(
                "The names are those of your inputs; each module is the part of the model that only that "
                "input passes through. `{call}`, before `backward()`, adds the angles between gradients. A "
                "`progress.jsonl` of mmlab can be opened as well.",
                call='log.conflicts({"image": loss_i, "sound": loss_s}, shared_parameters)',
            )
        )
    if uploaded is None:
        return
    rows = read_log(uploaded.getvalue())
    names = tuple(rows[0]["gradient_norm"])
    best = max((value for each in rows[-1]["metrics"].values() for value in each.values()), default=0.0)
    told = say(
        "{epochs}, {inputs}. Shapley values take no input at all as 0.",
        epochs=several(len(rows), "epoch"),
        inputs=several(len(names), "input"),
    )
    if not 0 <= best <= 1:
        told += f" {say('The scores are not fractions of 1, so compare their order only.')}"
    st.caption(told)
    course_of(rows, Names.of_log(names), "", 0.0, "dominance.brought")
