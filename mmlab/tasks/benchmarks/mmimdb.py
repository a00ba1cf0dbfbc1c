"""MM-IMDb (Arevalo et al., Gated Multimodal Units for Information Fusion, 2017): genres from poster and plot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample
from mmlab.tasks.official.lists import AGAIN, cell_text, json_of
from mmlab.tasks.official.stand_ins import jpeg, pictures_with_sentences, put

GENRES = (
    "Drama",
    "Comedy",
    "Romance",
    "Thriller",
    "Crime",
    "Action",
    "Adventure",
    "Horror",
    "Documentary",
    "Mystery",
    "Sci-Fi",
    "Fantasy",
    "Family",
    "Biography",
    "War",
    "History",
    "Music",
    "Animation",
    "Musical",
    "Western",
    "Sport",
    "Short",
    "Film-Noir",
)
LEFT_OUT = ("News", "Adult", "Talk-Show", "Reality-TV")  # in the raw files, of 71 films altogether
SPLITS = {"train": "train", "dev": "valid", "test": "test"}
PLACES = {"json": ("dataset", "labels"), "jpeg": ("dataset", "images")}  # of the archive, and of missing-aware prompts
INPUTS = (
    {"name": "picture", "kind": "image", "size": 64, "colour": True, "label": "Poster"},
    {"name": "text", "kind": "text", "inline": True, "label": "Plot"},
)
HERE = "Posters fitted into 64 × 64 and the first 32 words, where {theirs}."
ABOUT = "23 genres at a threshold of 0.5; F1 micro, macro, weighted and by sample."
STORY_SETS = (  # what stands in for the films of each of six opinions, from the worst on
    ("Drama", "War", "History"),
    ("Drama", "Thriller", "Crime"),
    ("Drama", "Romance"),
    ("Comedy", "Romance", "News"),
    ("Comedy", "Family", "Animation"),
    ("Comedy", "Music", "Musical"),
)


@BENCHMARKS.register("mmimdb")
class MMIMDb(Benchmark):
    """`split.json` names films; each has a `<id>.json` with plots and genres, and a poster `<id>.jpeg`."""

    title = "MM-IMDb"
    about = "Which of 23 genres a film has, several at once, from its poster and its plot."
    licence = "For research; posters and plots are those of IMDb"
    origin = "http://lisi1.unal.edu.co/mmimdb/"
    grouped_by = "film"
    output: ClassVar[Mapping[str, Any]] = {"kind": "multilabel", "classes": list(GENRES)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "gmu",
            f"split.json of the archive, the longest plot of each film; {ABOUT}",
            HERE.format(theirs="GMU takes VGG features of 160 × 256 pixels and word2vec of the whole plot"),
            "johnarevalo/gmu-mmimdb",
            INPUTS,
            {"train": 15_552, "valid": 2_608, "test": 7_799},
        ),
        Protocol(
            "map",
            f"The same films, each of their plots a sample of its own, in training and in measuring; {ABOUT}",
            HERE.format(theirs="ViLT takes 384 pixels and 1,024 of its own tokens"),
            "YiLunLee/missing_aware_prompts",
            INPUTS,
        ),
        Protocol(
            "multibench",
            "multimodal_imdb.hdf5 of GMU, the same films: pictures of 160 × 256 or their VGG features, and the mean "
            "word2vec of the plot.",
            "Not run here: the words of the plots are not in it.",
            "pliang279/MultiBench",
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The films of the three lists, with one plot each or one sample for each plot."""
        splits = json_of(folder, "split.json")
        if not isinstance(splits, dict) or not all(isinstance(splits.get(name), list) for name in SPLITS):
            raise DataError("'split.json' does not list films of train, dev and test.", AGAIN)
        samples: list[Sample] = []
        for name, split in SPLITS.items():
            for film in splits[name]:
                samples += _film(folder, str(film), split, protocol.name == "map")
        return samples

    def miniature(self, folder: Path) -> None:
        """Seventy-two films in the layout of the archive; one of three has a second, shorter plot."""
        lists: dict[str, list[str]] = {name: [] for name in SPLITS}
        for turn, (number, pixels, sentence) in enumerate(pictures_with_sentences(len(STORY_SETS), 12)):
            film = f"{turn + 1:07d}"
            split = "train" if turn % 12 < 8 else "dev" if turn % 12 < 10 else "test"
            lists[split].append(film)
            genres = [name for place, name in enumerate(STORY_SETS[number]) if place == 0 or (turn + place) % 4]
            plots = [sentence, *([sentence.split(".")[0].rsplit(" ", 1)[0]] if turn % 3 == 0 else [])]
            told = {"title": f"Film {turn + 1}", "year": 1950 + turn, "plot": plots[::-1], "genres": genres}
            put(folder / "dataset" / f"{film}.json", json.dumps({**told, "plot outline": plots[-1]}, indent=2))
            put(folder / "dataset" / f"{film}.jpeg", jpeg(pixels))
        put(folder / "split.json", json.dumps(lists))


def _film(folder: Path, film: str, split: str, each_plot: bool) -> list[Sample]:
    """The samples of one film. Raises DataError."""
    if not film.isdecimal():
        raise DataError(f"split.json: '{film[:20]}' is no number of a film.", "They are like 0111161.")
    name = _place(folder, film, "json")
    told = json_of(folder, name)
    if not isinstance(told, dict) or not isinstance(told.get("genres"), list):
        raise DataError(f"'{name}' has no list of genres.", AGAIN)
    strange = [genre for genre in told["genres"] if genre not in GENRES and genre not in LEFT_OUT]
    if strange:
        raise DataError(f"{name}: '{str(strange[0])[:40]}' is no genre of MM-IMDb.", "There are 23, and 4 rare ones.")
    target = SEPARATOR.join(genre for genre in GENRES if genre in told["genres"])
    plots = told.get("plot", [])
    plots = [str(plot) for plot in (plots if isinstance(plots, list) else [plots])] or [""]
    chosen = plots if each_plot else [max(plots, key=len)]
    poster = _place(folder, film, "jpeg")
    return [
        Sample(
            f"{film}-{number}" if each_plot else film, split, target, {"picture": poster, "text": cell_text(plot)}, film
        )
        for number, plot in enumerate(chosen)
    ]


def _place(folder: Path, film: str, ending: str) -> str:
    """Where a file of a film lies: in the layout of the archive, or in that of missing-aware prompts."""
    tried = [f"{part}/{film}.{ending}" for part in PLACES[ending]]
    return next((path for path in tried if (folder / path).is_file()), tried[0])
