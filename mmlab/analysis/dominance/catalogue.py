"""The measures of dominance by name: the question each answers, in a sentence, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

SHARE, NATS, NUMBER, RATIO, BITS = "share", "nats", "number", "ratio", "bits"
ALONE, TOGETHER, SWAPPED, INSIDE = "alone", "together", "swapped", "inside"


@dataclass(frozen=True)
class Measure:
    """One way to say how much a model leans on a modality.

    question: what it asks, as a person would; about: how it answers; source: the paper; family: what it looks at (one
    modality alone, what it adds to others, swapped inputs, or the inside of the network); ranks: whether a larger value
    means that the model leans on the modality more, so that it can be compared with others of the kind.
    """

    name: str
    title: str
    question: str
    about: str
    source: str
    family: str
    unit: str = SHARE
    ranks: bool = True


_SHAPLEY = "Shapley, A Value for n-Person Games, 1953; for modalities: Hu et al., SHAPE, IJCAI 2022"

MEASURES: dict[str, Measure] = {
    each.name: each
    for each in (
        Measure(
            "shapley:right",
            "Fair share (Shapley), of right answers",
            "How much of what the model can do is this input's doing?",
            "What the input adds when it arrives, averaged over every order in which inputs can arrive. All of them "
            "add up to everything less nothing.",
            _SHAPLEY,
            TOGETHER,
        ),
        Measure(
            "shapley:probability",
            "Fair share (Shapley), of probability",
            "The same, counting how likely the right answer becomes.",
            "As above, with the probability of the right answer in the place of right or wrong.",
            _SHAPLEY,
            TOGETHER,
        ),
        Measure(
            "shapley:log_probability",
            "Fair share (Shapley), of log-probability",
            "The same, counting how hard it is to be very wrong.",
            "As above, with the logarithm of that probability, so that one very wrong answer outweighs many "
            "slight ones.",
            _SHAPLEY,
            TOGETHER,
            NATS,
        ),
        Measure(
            "shapley:closeness",
            "Fair share (Shapley), of closeness",
            "The same, counting how near the number comes.",
            "As above, with the distance to the right number, negative, in the place of right or wrong.",
            _SHAPLEY,
            TOGETHER,
            NUMBER,
        ),
        Measure(
            "alone",
            "Alone",
            "How good is the model with this input only?",
            "The score where everything else is absent.",
            "Common practice",
            ALONE,
        ),
        Measure(
            "dropped",
            "Left out",
            "What is lost when only this input leaves?",
            "The score on everything less the score without this input.",
            "Common practice (leave one out)",
            TOGETHER,
        ),
        Measure(
            "utilisation",
            "Use of what it adds",
            "Which part of the score does this input add to what was there?",
            "(with it − without it) / with it, averaged over all combinations of the others that are not empty. The "
            "paper turns inputs off within the network; here they are absent.",
            "Wu et al., Characterizing and Overcoming the Greedy Nature of Learning in Multi-modal Deep Neural "
            "Networks, ICML 2022",
            TOGETHER,
        ),
        Measure(
            "discrepancy",
            "Head start over the others",
            "How much surer of the right answer is this input alone than the others alone?",
            "The sum of its probabilities for the right answers divided by that of each other input, averaged; 1 is "
            "balance. The paper reads them from the weights of a linear head.",
            "Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation (OGM-GE), CVPR 2022",
            ALONE,
            RATIO,
        ),
        Measure(
            "perceptual",
            "Swapped with another sample",
            "What is lost when this input comes from somebody else?",
            "The score less the score with this input permuted across samples, averaged over permutations: wrong "
            "evidence in the place of none.",
            "Gat et al., Perceptual Score: What Data Modalities Does Your Model Perceive?, NeurIPS 2021",
            SWAPPED,
        ),
        Measure(
            "gradient",
            "Gradient × activation",
            "Through which input does the score of the right answer flow?",
            "The sum of |gradient × activation| where Grad-CAM looks, as a part of all inputs. It does not change when "
            "a layer is scaled up and the next one down, which leaves the model as it is; gradients alone would.",
            "Shrikumar et al., Learning Important Features Through Propagating Activation Differences, ICML 2017; as a "
            "sign of dominance: Wang et al. (GMD), AAAI 2024",
            INSIDE,
        ),
        Measure(
            "cam",
            "Grad-CAM mass",
            "How much of the map of where it looks lies in this input?",
            "The sum of the positive Grad-CAM map, as a part of all inputs.",
            "Selvaraju et al., Grad-CAM, ICCV 2017",
            INSIDE,
        ),
        Measure(
            "emap",
            "What it gains by working together",
            "What is lost when the model may only add this input's evidence to the rest?",
            "The score less that of the best additive stand-in, in which this input and the rest speak one after the "
            "other. It says whether inputs interact, not which one is stronger.",
            "Hessel & Lee, Does my multimodal model learn cross-modal interactions? (EMAP), EMNLP 2020",
            SWAPPED,
            ranks=False,
        ),
    )
}

PAIRS: dict[str, Measure] = {
    each.name: each
    for each in (
        Measure(
            "interaction",
            "Interaction",
            "Do the two say more together than each for itself, or the same twice?",
            "What both add at once less what each adds, averaged over the combinations of the others. Above 0 they "
            "need each other (synergy), below 0 they say the same (redundancy).",
            "Grabisch & Roubens, An axiomatic approach to the concept of interaction, 1999",
            TOGETHER,
            ranks=False,
        ),
        Measure(
            "utilisation_gap",
            "Lean",
            "Which of the two adds more to the other?",
            "The part of the score that the first adds to the second, less the part that the second adds to the first. "
            "Far from 0: the pair leans on one of them; above 0 on the first.",
            "Wu et al., ICML 2022",
            TOGETHER,
            ranks=False,
        ),
        Measure(
            "pid",
            "Who knows what (PID)",
            "What do the answers of the two, each alone, know about the right answer?",
            "Bits that both know, that only one knows, and that neither knows but both together. Few samples look as "
            "if they knew something together: what shuffled answers seem to know is taken away, and where there are "
            "fewer than 5 samples per cell of the table, nothing is said.",
            "Bertschinger et al., Quantifying Unique Information, Entropy 2014; Liang et al., Quantifying & "
            "Modeling Multimodal Interactions, NeurIPS 2023",
            ALONE,
            BITS,
            ranks=False,
        ),
    )
}
