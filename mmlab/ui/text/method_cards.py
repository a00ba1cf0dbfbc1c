"""The text of each method's card: the idea, what learns, what happens when an input is missing, where we part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What is said about one method. `idea` is three sentences; `departs`: where this code leaves the paper's."""

    idea: str
    trained: str
    missing: str
    look: str
    paper: str
    link: str = ""
    departs: tuple[str, ...] = ()
    warning: str = ""


_SHARES = (
    "Papers count from which pass something begins; here it is a share of the training, so that short runs do it too."
)

CARDS: dict[str, Card] = {
    "dmrnet": Card(
        idea="One network that must cope with every combination tends to place a sample in the same direction whatever "
        "is there, and loses what each input knows alone. So DMRNet gives each combination a cloud instead of a point: "
        "a random point of the cloud has to be right in training, and only its middle is used later. The combinations "
        "with the widest clouds early on count as hard, and are practised extra.",
        trained="All encoders, the join, two layers that give the middle and the width of the cloud, and one head. "
        "Inputs are hidden at random, each combination as likely.",
        missing="Its part is set to zero and the middle of the cloud answers. The paper reads the width of the "
        "cloud as "
        "doubt; the views below show whether that holds here.",
        look="Whether a sample turns more from combination to combination than with plain dropout, as the paper "
        "expects, "
        "and whether the wide clouds belong to the combinations that do worse.",
        paper="S. Wei, Y. Luo, Y. Wang, C. Luo. Robust Multimodal Learning via Representation Decoupling. ECCV 2024.",
        link="https://arxiv.org/abs/2407.04458",
        departs=(
            "The extra loss counts hard samples only. The released code multiplies the loss of the whole batch by the "
            "number of hard samples (option `hcr=broadcast`).",
            "The hard combinations are found from the whole warm-up, for any number of inputs. The released code "
            "compares two of them or has them written in by hand (option `fixed`).",
            "The pull of the clouds towards a standard one is weighted for our 64 numbers; the paper's belongs "
            "to 1,024.",
            "How many combinations count as hard is not known to us: here 1 of 3, 3 of 7 (option `keep`).",
            _SHARES,
        ),
    ),
    "gmd": Card(
        idea="When several combinations are trained together, a strong input can push the network where it hurts the "
        "others. GMD looks at the correction that each combination asks for and, where two contradict each other, "
        "cuts the contradicting part away. DS shares one network between all inputs and keeps only the normalisation "
        "of each apart, so that a missing input is simply left out.",
        trained="All encoders, one shared network and head, and one normalisation per input. Every combination is a "
        "goal of its own in each step (above four inputs, five of them).",
        missing="Nothing stands in for it: the answer is the average over the inputs that are there.",
        look="How many pairs of corrections point against each other before and after the cut, and whether one input's "
        "correction is much longer than the others'.",
        paper="H. Wang, S. Luo, G. Hu, J. Zhang. Gradient-Guided Modality Decoupling for Missing-Modality Robustness. "
        "AAAI 2024, 38(14), 15483–15491.",
        link="https://arxiv.org/abs/2402.16318",
        departs=(
            "Each input has an encoder of its own, since a picture and a sound cannot share one as four MRI "
            "images can.",
            "What counts as shared is fixed by the structure (backbone and head). The released code takes whatever "
            "was touched by all combinations in that step.",
            "Conflicts are removed one after the other in a random order, as in the released code; so a few remain.",
        ),
    ),
    "mmanet": Card(
        idea="A teacher learns first, with everything there. The student, whose inputs go missing, copies not the "
        "teacher's answers but its sense of which samples are alike, above all for samples that the teacher itself is "
        "unsure of. The combinations whose answers drift furthest are called weak, and a second head practises them.",
        trained="First the teacher (the method *Joint training*), which then stays fixed. Then the student's encoders, "
        "join and head, and the second head.",
        missing="Its part is set to zero, the student answers. Teacher and second head are not used any more.",
        look="Whether the student's table of likeness resembles the teacher's, and which combinations were "
        "called weak.",
        paper="S. Wei, C. Luo, Y. Luo. MMANet: Margin-aware Distillation and Modality-aware Regularization for "
        "Incomplete Multimodal Learning. CVPR 2023.",
        link="https://arxiv.org/abs/2304.08028",
        departs=(
            "A sample's doubt weighs its row of the table. The released classification code weighs columns "
            "(option `weight=column`).",
            "The second head's loss counts weak samples only. The released code multiplies the loss of the whole batch "
            "by their number (option `mar=broadcast`).",
            "Weak combinations are found on validation samples. The released code reads the loader that it calls test.",
            "Likeness weighs 0.3, chosen on validation samples. The paper's 30 costs accuracy on our small networks "
            "(option `distil=30`).",
            _SHARES,
        ),
    ),
    "dimml": Card(
        idea="Trained together, a strong input learns quickly and the others stop trying. So DI-MML trains every input "
        "with an answer and a loss of its own. They still help each other: where one input is good at a feature and "
        "another is not, the first teaches the second and never the other way round.",
        trained="Each encoder with its own head, and one head that all share. Then everything rests and a last head "
        "learns to put the inputs together.",
        missing="The heads of what is there vote, and the surer one counts more. The last head votes only when nothing "
        "is missing, because it has never seen a gap.",
        look="Which features each input is good at, how many it teaches to the others, and whether the surer head is "
        "also the one that is right.",
        paper="Y. Fan, W. Xu, H. Wang, J. Liu, S. Guo. Detached and Interactive Multimodal Learning. ACM "
        "Multimedia 2024.",
        link="https://arxiv.org/abs/2407.19514",
        departs=(
            "The paper is not about missing inputs: who votes when something is missing is our choice.",
            "With more than two inputs, what a student learns from all teachers is divided by their number.",
            "The temperature of the teaching is smaller (2, not 10 to 50), because our features have 64 "
            "numbers, not 512.",
            "The last head gets the last eighth of the training. " + _SHARES,
        ),
    ),
    "m3ixup": Card(
        idea="Every input gets a code, and one more encoder that sees everything gives the code of all inputs "
        "together. "
        "Training draws the code of each single input close to the code of all, so that it can stand in for it. To "
        "make this hold between the inputs too, codes are mixed: the mixture first moves to where it is easiest to "
        "align (adapting), then to where it is harder (exploring).",
        trained="Encoders of each input, a second set for the joint code, one projection for all codes, and one head. "
        "All of it on complete data only.",
        missing="The average of the codes that are there takes the place of the joint code.",
        look="Whether single codes lie close to the joint code of their own sample, and where adapting and exploring "
        "take the mixture.",
        paper="R. Lin, H. Hu. Adapt and explore: Multimodal mixup for representation learning. Information Fusion 105, "
        "102216, 2024. Its base, GMC: P. Poklukar et al., ICML 2022.",
        link="https://doi.org/10.1016/j.inffus.2023.102216",
        departs=(
            "From the paper (its abstract and Figure 1): encoders per input and a joint one; mixing before and after "
            "the encoders; a mixture that first goes down, then up; alignment that is mixed in the loss, too.",
            "From GMC, whose code is public: the alignment itself, the shared projection, the classifier, and the "
            "average of codes when something is missing.",
            "Our reading: that adapting and exploring move the *shares* of the mixture, in three small steps down and "
            "one up; that the labels of mixed samples are mixed in the loss; all weights and step sizes. Option "
            "`update` has two other readings.",
            _SHARES,
        ),
        warning="No code was ever released for this method, and its full text was not at hand. Parts of it are our "
        "reading of the abstract and one figure; they are named below. Do not take its numbers for the paper's.",
    ),
    "joint": Card(
        idea="One network gets everything and gives one answer. It never meets a gap while it learns. This is "
        "what most "
        "people do today, so it shows what a missing input costs when nobody prepared for it.",
        trained="All encoders, the join and one head, on complete data.",
        missing="The average of all training inputs takes its place. The network has never seen such an input.",
        look="How far it falls when an input leaves, and how sure it stays of itself.",
        paper="No single paper: the usual way. It is also MMANet's teacher here.",
    ),
    "dropout": Card(
        idea="The same network, but inputs are hidden at random while it learns. Each sample meets one of the possible "
        "combinations, all as likely. It is simple and hard to beat, so every method here is compared with it.",
        trained="All encoders, the join and one head.",
        missing="What its encoder gives is set to zero, as in training.",
        look="What it gains against joint training, and what it gives up when nothing is missing.",
        paper="The idea: N. Neverova et al. ModDrop: Adaptive Multi-Modal Gesture Recognition. IEEE TPAMI 2016.",
        departs=("Combinations are drawn as in the released code of DMRNet and MMANet: one of all, equally likely.",),
    ),
    "ensemble": Card(
        idea="One separate network per input, each trained alone. Their answers are averaged over what is there. It "
        "cannot learn how inputs belong together, and nothing can go wrong when one leaves.",
        trained="An encoder and a head for each input, with a loss of its own.",
        missing="The others are averaged.",
        look="How much is lost because the inputs never meet.",
        paper="No single paper: a simple reference.",
        departs=("The averages are taken before the softmax, which multiplies the opinions.",),
    ),
    "specialists": Card(
        idea="A network of its own for every combination. None of them ever meets a missing input. It is costly, and "
        "the line that a single model for everything is measured against.",
        trained="One whole network for each combination, on that combination only.",
        missing="The network for just this combination answers.",
        look="Where a single model comes close to it, or even beats it.",
        paper="Called “customised” models in MMANet's first table (CVPR 2023).",
        departs=("For few inputs only: with six there would be 63 networks.",),
    ),
}
