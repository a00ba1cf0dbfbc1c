"""The glossary of the screen: each term, what it is, how it comes about, what would change it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the screen: what it is, how it comes about, what would change it."""

    title: str
    what: str
    how: str
    changes: str


TERMS: dict[str, Term] = {
    "input": Term(
        "Input",
        "One kind of evidence that the model takes, such as a picture or a sound. Researchers say *modality*.",
        "Each input has one colour and one letter on every page.",
        "Another task has other inputs.",
    ),
    "combination": Term(
        "Combination",
        "Which inputs are there. Three inputs make seven combinations; having none is not counted.",
        "All combinations of a sample are computed together, so switching an input costs nothing.",
        "Switching an input on or off.",
    ),
    "answer": Term(
        "Answer",
        "The class that the model gives the largest probability.",
        "The model's outputs go through a softmax; the bars show the result and add up to 100 %.",
        "Fewer or damaged inputs, another method, another run of its training.",
    ),
    "certainty": Term(
        "Certainty",
        "How much the model commits itself to its answer. It can be sure and wrong.",
        "In words, from the entropy of the bars: 0 nats is all in one bar; for ten even bars it is 2.30 nats. "
        "*Very sure* is below 5 % of that largest value, *fairly sure* below 30 %, *unsure* below 70 %.",
        "Missing or damaged inputs mostly lower it. A model that never met gaps may stay too sure.",
    ),
    "change": Term(
        "Change",
        "How the answer moves against the answer from all inputs that there are.",
        "The thin mark in each bar is the probability with every input on; the bar is the one for what is on now.",
        "Switching inputs. With everything on, bars and marks agree.",
    ),
    "regions": Term(
        "Regions",
        "Which places of the picture belong to what is looked for. Regions are nested: the inner ones lie in the "
        "outer ones.",
        "The model gives each pixel a probability for each region; from 50 % on the pixel counts as found. *Dice* is "
        "twice the overlap of found and true pixels over the sum of both: 1 is exactly, 0 is no overlap, and 1 "
        "where nothing is there and nothing was found. *Doubt* is the entropy per pixel, brightest at 50 %.",
        "Switching inputs, damage, another method. Tumours and contrasts here are simulated: no number says "
        "anything about a patient.",
    ),
    "slices": Term(
        "Through the volume",
        "The slices of the same head, from below, with what is there, what was found, where the two differ, and where "
        "the model is in doubt.",
        "Each slice is answered by itself: the model never sees its neighbours.",
        "Switching inputs above, or the method of the combinations.",
    ),
    "lattice": Term(
        "All combinations",
        "Every combination of the inputs of this one sample: everything on top, single inputs at the bottom.",
        "A line joins two combinations that differ by one input. An orange dashed line means that taking this "
        "input away changes the answer. Round boxes are right, cornered boxes are wrong; a fuller colour is surer.",
        "Another sample, another method, damage. Click a box to go to that combination.",
    ),
    "damage": Term(
        "Damage",
        "What goes wrong with a sensor that still delivers: noise, blur, clipping and the like.",
        "It is applied to the recording, before it is brought to the model; 1 is slight, 5 is severe. "
        "The same sample and level always give the same damage.",
        "The kind of damage and its level.",
    ),
    "seen": Term(
        "What the model sees",
        "The very numbers that enter the model, drawn.",
        "Recordings are brought to one size, rate and level: pictures are cut out and centred, sounds become a "
        "map of pitch over time, pen paths become a fixed number of points, sensors keep a stretch of time.",
        "Another recording, or damage to this one.",
    ),
    "score": Term(
        "Score",
        "How good the model is on the test samples that come with the task, averaged over all combinations: how often "
        "it is right, or the task's own measure, which is then named.",
        "Every test sample is answered under every combination; all combinations count alike.",
        "Another method, another seed, other test data.",
    ),
    "method": Term(
        "Method",
        "A way to build and train a model so that it can do with fewer inputs.",
        "All methods here have encoders of the same size and saw the same samples.",
        "Train another one: `python -m mmlab train --help`.",
    ),
    "looks": Term(
        "Where it looks",
        "The places of an input that speak for the explained answer, brighter for more. Researchers say *Grad-CAM*.",
        "The maps of the last convolutions, each weighted by how much it raises the answer's score, added up and cut "
        "at zero. Brightness is shared by all combinations of one input, so those can be compared; two inputs cannot.",
        "The combination, the explained answer, the method. It is coarse, and it shows what the model uses, not what "
        "is true.",
    ),
    "part": Term(
        "Part",
        "How much of the evidence comes through each input. All parts of a combination add up to 100 %.",
        "The sum of |gradient × activation| at the layer where the map is taken, divided by the sum over all inputs "
        "that are on. An input that is off has exactly 0.",
        "The combination, the explained answer, the method. A large part is not the same as being right.",
    ),
    "explained": Term(
        "Explained answer",
        "The answer whose score is explained. It need not be the one that the model gives.",
        "The map and the parts belong to the score before the softmax, for this answer alone.",
        "Choosing another one: *why not a 3?* is the map for 3.",
    ),
    "moved": Term(
        "Moved",
        "How much of the map lies elsewhere when the other input is gone: 0 % is the same place, 100 % another one.",
        "Both maps are divided by their sums; half the sum of the differences is what moved. Mere brightness is not "
        "counted.",
        "The input that is taken away, the explained answer, the method.",
    ),
    "map": Term(
        "Map",
        "Each dot is one test sample under one combination. Near dots are alike to the model. Between far groups, "
        "distances mean little, and neither do the directions.",
        "UMAP was fitted once on all samples under all combinations, so no dot moves when others are hidden. PCA is a "
        "plain projection: it keeps distances better and shows less.",
        "Another model, another seed of the map, other settings of UMAP.",
    ),
    "path": Term(
        "Path",
        "One sample under its combinations. Thin lines join combinations that differ by one input; the thick line goes "
        "from all inputs to what is on now.",
        "A test sample is looked up in the map. What a person brought is put where its nearest neighbours lie, and the "
        "map stays as it is.",
        "Switching inputs, another sample, another method.",
    ),
    "variance": Term(
        "Variance",
        "How unsure the model is of a sample's place. Only some methods have it.",
        "The mean of the variances that the model gives for the dimensions of the embedding.",
        "Fewer or damaged inputs, another method.",
    ),
    "ellipse": Term(
        "Ellipse",
        "Where the sample may lie, in two standard deviations.",
        "In PCA the variance is carried over exactly. In UMAP draws of the embedding are placed by their neighbours, "
        "and the spread of these places is drawn.",
        "The variance of the model; other axes.",
    ),
    "likeness": Term(
        "Likeness",
        "How alike the embedding is to the one from all inputs: 1 is the same direction, 0 is nothing in common.",
        "The cosine of the angle between the two embeddings, in all their dimensions, not on the map.",
        "The combination, the method. DMRNet allows combinations to differ; others may pull them together.",
    ),
    "compared": Term(
        "Scores",
        "How good each method is (rows) when only some inputs are there (columns; the letters name them).",
        "Every test sample is answered under every combination. A cell is the mean over the seeds of a method.",
        "Other test data, another metric, more seeds. Click a cell to see what is taken for what.",
    ),
    "difference": Term(
        "Difference",
        "How much better or worse than the chosen method. Dots are single seeds, the band is the 95 % interval.",
        "Runs with the same seed are paired; the interval is Student's t over the pairs. Where it leaves out 0, the "
        "difference is more than the luck of the seed (for one comparison; among many, some leave it out by chance).",
        "Another method to compare to, more seeds.",
    ),
    "seed": Term(
        "Seed",
        "Where all chance in a training comes from: first weights, order of samples, which inputs are hidden.",
        "The same seed and settings give the same model. Several seeds show how much is luck.",
        "Train again with another seed.",
    ),
    "confusion": Term(
        "What is taken for what",
        "Each row is a right answer, each column what the model said. On the diagonal it was right.",
        "Counted over the built-in test samples and all seeds of the method, in percent of the row.",
        "Another cell of the table above.",
    ),
    "ladder": Term(
        "Step by step",
        "A method taken apart: each row adds or removes one of its ideas, and is compared to the complete method.",
        "Every step is trained like the method itself, with the same seeds.",
        "Train the steps: `python -m mmlab grid --ladder METHOD`.",
    ),
    "learning": Term(
        "Curves",
        "Left, the score on the validation samples after each epoch, for each combination; right, the parts of what is "
        "minimised.",
        "An epoch is one pass over the training samples. The epoch with the best mean is kept, not the last one.",
        "The settings. Losses of different methods cannot be compared.",
    ),
    "running": Term(
        "Running on its own",
        "A training goes on when this page is closed, and waits its turn when another one runs.",
        "It is a process of its own that writes after each epoch how far it is. Stopped, it goes on from there.",
        "Stop, resume, or discard it here; on the command line, run the command that is shown.",
    ),
    "card": Term(
        "Card",
        "What a trained model says about itself: what it was trained on and how, and on which machine.",
        "It is stored in the file of the weights, and rebuilds the model.",
        "Training again.",
    ),
    "export": Term(
        "Export",
        "The model as one file: weights, card, scores, stored answers and the training log.",
        "A zip without programs in it. What is imported is checked before it is used.",
        "Nothing: the same model always gives the same file.",
    ),
    "evidence": Term(
        "Evidence",
        "The figures by which the papers themselves argue, made again from the models here.",
        "From the log that a training leaves and from the answers on the test samples. The *cosine* of two places in "
        "the model's space is 1 where they lie in the same direction, 0 at a right angle, −1 in opposite ones. A "
        "*correction* (gradient) is the change that one goal asks of the network in a step of training. "
        "*Variance* is the width of a cloud, *drift* how far the mix of answers has moved.",
        "Another task, or another training.",
    ),
    "entropy": Term(
        "Entropy",
        "A number for how spread out the bars are, in nats.",
        "The sum of -p ln p over all classes: 0 when sure, ln(number of classes) when everything is as likely.",
        "The same things that change the certainty.",
    ),
}
