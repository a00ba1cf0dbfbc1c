"""The words of the Embed page, entered beside those of the other pages."""

from __future__ import annotations

from mmlab.ui.text.glossary import TERMS, Term

EMBED: dict[str, Term] = {
    "colour": Term(
        "Colour",
        "What the colour of a dot says about its sample, or about the model's answer to it.",
        "Recolouring moves nothing. *Variance* also makes uncertain dots larger.",
        "The kind of answer: classes can be right or wrong, numbers have an error, regions a Dice score.",
    ),
    "choosing": Term(
        "Chosen samples",
        "Samples that were caught with the lasso or the box, or found by name; they stay lit on every map.",
        "A sample counts as caught when it is caught under any combination. The address carries the choice to the "
        "other "
        "pages.",
        "A double click on the map forgets it.",
    ),
    "trust": Term(
        "Trust in the picture",
        "How much of what lies near each other in the map is near each other in the model, and the other way round.",
        "*Trustworthiness*: neighbours in the map that are true ones, 1 is all of them. *Continuity*: true neighbours "
        "that stayed together (Venna and Kaski, 2001). Both weigh a false neighbour by how far away it really is.",
        "Other settings of UMAP; PCA; fewer dimensions in the model.",
    ),
    "overlap": Term(
        "Same with another seed",
        "Which share of a dot's neighbours are its neighbours again when the map is made with another seed.",
        "Both maps start from the same PCA, so what differs is the luck of the layout.",
        "What differs between seeds says nothing about the model.",
    ),
    "near_accuracy": Term(
        "Told by neighbours",
        "How often most of the 15 nearest other samples have the right class: in the model's own space, and on "
        "the map.",
        "Leave one out, within one combination. A number is compared with its neighbours' mean instead (correlation).",
        "A map that looks better than the model's own space flatters it.",
    ),
    "silhouette": Term(
        "Silhouette",
        "How much nearer samples are to their own class than to the next one: 1 is apart, 0 is mixed, below 0 is "
        "astray.",
        "In all dimensions of the embedding, under one combination (Rousseeuw, 1987).",
        "Another combination, another method.",
    ),
    "alignment": Term(
        "Still in the same place",
        "Whether what is left of a sample lies where the complete sample does.",
        "*Cosine* with the complete embedding of the same sample (and, to compare, with others of its class), the "
        "mean taken away "
        "first. *Shift*: between the centres, in units of the spread of the complete ones. *Gap*: between the centres "
        "when all embeddings have length 1 (Liang et al., 2022).",
        "Some methods pull combinations together, DMRNet lets them differ.",
    ),
    "direction": Term(
        "Direction",
        "How far the embedding of one sample turns when inputs leave, and whether it still points at its class.",
        "Cosines between any two combinations of the same sample, and with the weights that the model keeps for the "
        "right class (where its last step is not one such layer: the middle of the class). The mean is taken away "
        "first. "
        "DMRNet argues that forcing all combinations into one direction hurts (Wei et al., ECCV 2024).",
        "The method; the combination.",
    ),
    "doubting": Term(
        "Variance and being wrong",
        "Whether the model draws wider embeddings where it is worse, and for samples that are hard.",
        "Samples are sorted by variance into ten equal bins. *Hard* is how often all the other models here are "
        "wrong on "
        "the same sample. The correlation is Spearman's.",
        "A flat line means that the variance knows nothing of being wrong.",
    ),
    "nearest": Term(
        "Neighbours",
        "The samples that the model finds most alike to this one.",
        "By distance in all dimensions of the embedding, not on the map: first under the same combination, then under "
        "any other one, which is where other inputs put their samples.",
        "Another combination, another method, damage.",
    ),
    "beside": Term(
        "Two maps, one frame",
        "The second map is turned, mirrored, moved and brought to the size of the first, to lie over it as well as it "
        "can (Procrustes).",
        "What is left is the *disparity*: 0 is the same shape, 1 nothing in common. The same samples are lit in both.",
        "UMAPs of two models are rarely alike; PCAs are more often.",
    ),
    "learned": Term(
        "While it learned",
        "Where the model put the same samples after a handful of passes over its training data.",
        "Each pass has a PCA of its own; each is turned, mirrored and resized to lie over the next one, so that only "
        "what changed moves. The samples are of the validation set, with every input, under all combinations.",
        "More passes; the method. Models that were trained elsewhere have no such record.",
    ),
    "fitting": Term(
        "Another map",
        "The same embeddings in a map with settings of your own.",
        "*Neighbours*: few show fine structure, many the coarse shape. *Distance*: how tightly dots may be packed. "
        "*Metric*: by distance or by angle. *Seed*: the luck of the layout. It is made in the background and kept.",
        "What stays the same in every map is worth believing.",
    ),
}
TERMS.update(EMBED)
