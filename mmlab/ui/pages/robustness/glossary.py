"""The words of the Robustness page, entered beside those of the other pages."""

from __future__ import annotations

from mmlab.ui.text.glossary import TERMS, Term

ROBUSTNESS: dict[str, Term] = {
    "test_lattice": Term(
        "All combinations",
        "The score of the whole test set for every combination of inputs: all of them on top, single ones below.",
        "The bar at the foot of a box is the 95 % interval, the dot in it the score. A line is as broad as it costs to "
        "take that input away; the number on it is the change. Dashed lines are removals that help.",
        "Click a box, or walk: down takes away the input that costs most, up gives back the one that gains most, a "
        "letter switches its input.",
    ),
    "interval": Term(
        "95 % interval",
        "Where the score would lie for other test samples of the same kind, 19 times out of 20.",
        "Shares get Wilson's interval; other scores are computed again on 1,000 resampled test sets (bootstrap). "
        "Samples count as independent; other seeds of the training are not in it.",
        "More test samples make it narrower.",
    ),
    "rule": Term(
        "What missing means",
        "What the model is given in place of an input that is not there.",
        "*Left to the method*: the model is told what is missing. With all other rules it is told that everything is "
        "there, and the missing input is filled: with zeros, with the mean of the training inputs, with noise of the "
        "same mean and spread, or with the input of another test sample.",
        "Another rule can change every number of this page, so the one in force stands beside them.",
    ),
    "failure": Term(
        "Failure probability",
        "How often an input is missing. Inputs fail independently of each other; that nothing is left is excluded.",
        "The expected score is the sum over all combinations of how often each is left times its score: a closed form, "
        "so nothing is simulated while a slider moves.",
        "The sliders. *Check by drawing* simulates failures sample by sample and shows that both agree.",
    ),
    "kept": Term(
        "Kept",
        "How much of the score without failures is left on average along the curve.",
        "The area under the curve, divided by the area under a flat line at its start (the relative robustness of "
        "MultiBench).",
        "A model that falls slowly keeps more, even if it starts lower.",
    ),
    "ece": Term(
        "Calibration error",
        "How far certainty and truth are apart: at 0 %, of the answers given with 90 % certainty 90 % are right.",
        "Samples are sorted into 15 bins by certainty; the gap between certainty and accuracy, averaged over the "
        "samples (ECE). Bins are equally wide, or hold equally many samples (*equal mass*).",
        "A temperature divides all outputs by one number and can repair most of it without changing an answer.",
    ),
    "brier": Term(
        "Brier score",
        "The squared distance of the probabilities from the truth: 0 is sure and right, 2 is sure and wrong.",
        "Summed over the classes, averaged over the samples.",
        "Better answers and better calibration both lower it.",
    ),
    "temperature": Term(
        "Temperature",
        "What all outputs are divided by. Above 1 the model was too sure, below 1 not sure enough.",
        "Fitted on the validation split and judged on the test samples. Until the validation split is answered: fitted "
        "on one half of the test samples and judged on the other, nobody in both.",
        "It differs between combinations; one temperature for all of them is a compromise.",
    ),
    "doubt": Term(
        "Doubt",
        "A number that should be large where the answer is wrong, so that the worst can be handed to a person.",
        "*Entropy* of the probabilities; *margin*: how close the second answer comes; *variance* of the embedding, for "
        "methods that have one; *boundary*: how close a number is to the middle of its scale.",
        "A good doubt has a curve that starts low: what is answered first is right.",
    ),
    "risk": Term(
        "Risk and coverage",
        "The error on the samples that are answered, when only the surest are.",
        "Samples are sorted by doubt. AURC is the mean over all coverages; the excess is what the best possible order "
        "would save.",
        "Another doubt, another combination.",
    ),
    "flips": Term(
        "What flips",
        "The share of samples that are right with the first combination and wrong with the second.",
        "Rows are what was there, columns what is left. A row and column that contain each other also count samples "
        "that are spoiled by an input more.",
        "Click a cell to see its samples.",
    ),
    "enough": Term(
        "The least that is enough",
        "For each sample the smallest combination with which the answer is right, and stays right with anything added.",
        "Among equally small ones the first in the order of the inputs counts. *Never*: not even everything is enough.",
        "A redundant task needs one input for most samples; a task whose inputs complete each other needs several.",
    ),
    "slice": Term(
        "Slices",
        "The score of parts of the test set: by answer, by speaker or person, by size, by how hard others find them.",
        "The worst slice is the one of at least 20 samples that lies farthest behind the score of its combination.",
        "Another combination; another way to slice.",
    ),
    "duel": Term(
        "Two models, same samples",
        "The first model less the second, on exactly the same samples.",
        "The band is the 95 % interval from 1,000 resampled test sets, drawn for both models together. p is McNemar's "
        "exact test, corrected for all combinations (Holm). Dots are pairs of training runs with the same seed.",
        "A band that leaves out 0 is more than the luck of the samples. Only dots speak about the luck of a training.",
    ),
    "damaged": Term(
        "Damaged rather than missing",
        "The input is there, but noisy, blurred, clipped or covered; 1 is slight, 5 is severe.",
        "The recordings of the shipped samples are damaged, brought to the model again, and answered.",
        "Where the curve falls below its dashed line, the model would do better without that input.",
    ),
}

TERMS.update(ROBUSTNESS)
