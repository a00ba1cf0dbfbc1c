"""The words of the Dominance page, entered beside those of the other pages."""

from __future__ import annotations

from mmlab.ui.text.glossary import TERMS, Term

DOMINANCE: dict[str, Term] = {
    "absent": Term(
        "What stands in for an absent input",
        "Nearly every measure compares the model with and without an input, so it depends on what *without* means.",
        "*As the method does*: the model is told that the input is missing. *Another sample’s input*: it is told that "
        "everything is there, and gets the input of somebody else.",
        "The rule. A model that never met gaps is far worse under one rule than under the other.",
    ),
    "agreement": Term(
        "Agreement",
        "How far the measures put the inputs in the same order: 1 is the same order everywhere, 0 no common order.",
        "Kendall’s W over all measures that put inputs in an order, corrected for ties. From 0.7 on we say *they "
        "agree*, from 0.4 on *in part*.",
        "Measures ask different questions. Where they differ, the reasons stand below.",
    ),
    "worth": Term(
        "What is shared out",
        "What an answer is worth: whether it is right, how likely the right answer is, or the logarithm of that.",
        "Each input’s fair share (Shapley) of it, sample by sample.",
        "An input can matter for how sure the model is and not for whether it is right.",
    ),
    "kinds": Term(
        "Kinds of samples",
        "*Dominance*: one input makes 75 % or more of all that moves the answer. *Conflict*: some speak for and some "
        "against it, 10 % or more each. *Complement*: they pull together. *None*: nothing moves it.",
        "From the signs and sizes of the fair shares. The words are those of M2Lens (Wang et al., IEEE VIS 2021), the "
        "thresholds ours.",
        "What is shared out; another model.",
    ),
    "clash": Term(
        "Contradiction",
        "Two inputs of two different samples are given together, and nothing else. The model has to follow one of "
        "them.",
        "Only samples that each of the two inputs alone gets right take part, so that both sides speak clearly.",
        "A model that adds evidence up follows the surer side; one that leans on an input follows that one.",
    ),
    "pushed": Term(
        "Push",
        "How long the corrections (gradients) in each input’s own part of the network were, on average over a pass.",
        "From the log of the training. Lengths belong to the way a network is written down: making an encoder’s output "
        "twice as large and halving the next layer’s weights changes them and nothing else. So read the course over "
        "time, and take *gradient × activation*, which does not change, to compare inputs.",
        "Another training; the learning rate.",
    ),
    "work": Term(
        "Work",
        "Each input’s fair share (Shapley) of the score on the validation samples, pass by pass.",
        "From the scores of all combinations that the training logs. No input at all counts as guessing.",
        "Another training.",
    ),
    "flow": Term(
        "Part in gradient × activation",
        "How much of the score of the right answer flows through each input, on up to 64 validation samples with all "
        "inputs; the parts add up to 100 %.",
        "The sum of |gradient × activation| where Grad-CAM looks. Why the product: making a layer’s output *s* times "
        "as large and dividing the next layer’s weights by *s* leaves the model as it is. The activation grows by *s* "
        "and the gradient shrinks by *s*, so their product stays; the length of either alone would change.",
        "Another training.",
    ),
    "scrubbed": Term(
        "Scores of a pass",
        "The score on the validation samples under every combination, after this pass. Colours keep their scale over "
        "the whole training, so move the slider and watch.",
        "A line joins two combinations that differ by one input; it is as broad as taking that input away is costly, "
        "and dashed where it helps. The dot at the foot of a box: where its score lies between the lowest and the "
        "highest of the training.",
        "The slider; press a box to follow its combination.",
    ),
    "snapshots": Term(
        "Where it looked",
        "Grad-CAM maps of a sample with all its inputs, stored after a handful of passes while the model learned.",
        "For the right class, the number, or the first region. Maps are coarse (16 places a side), and each is as "
        "bright as its own brightest place: compare where, not how much. How much is in the bars.",
        "Another training; the sample.",
    ),
    "in_the_way": Term(
        "Contradicting corrections",
        "The part of the pairs of combinations whose corrections point away from each other (more than 90 degrees).",
        "The cosine between the gradients of two combinations is below 0. *After*: when each gave up its part along "
        "the other, as GMD does (Wang et al., AAAI 2024).",
        "Methods that train one combination at a time have no such pairs in a step.",
    ),
    "believed": Term(
        "Can the map be believed?",
        "Four tests of the map, each against chance.",
        "Covering bright places must hurt more, and uncovering them help more, than random places (RISE, Petsiuk et "
        "al., BMVC 2018). An untrained network must give another map (Adebayo et al., NeurIPS 2018). Covering the "
        "brightest quarter of the input said to dominate must cost the most. Covered means: at the mean of "
        "its channel.",
        "The way the map is made, the sample, the combination. Where other inputs hold the answer, covering "
        "shows nothing.",
    ),
}
TERMS.update(DOMINANCE)
