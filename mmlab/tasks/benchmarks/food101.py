"""UPMC Food-101 (Wang et al., ICMEW 2015): an image of a dish and the title of its web page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, with_validation
from mmlab.tasks.official.lists import AGAIN, cell_text, json_of, table_rows
from mmlab.tasks.official.stand_ins import jpeg, pictures_with_sentences, put

CLASSES = [
    "apple_pie",
    "baby_back_ribs",
    "baklava",
    "beef_carpaccio",
    "beef_tartare",
    "beet_salad",
    "beignets",
    "bibimbap",
    "bread_pudding",
    "breakfast_burrito",
    "bruschetta",
    "caesar_salad",
    "cannoli",
    "caprese_salad",
    "carrot_cake",
    "ceviche",
    "cheese_plate",
    "cheesecake",
    "chicken_curry",
    "chicken_quesadilla",
    "chicken_wings",
    "chocolate_cake",
    "chocolate_mousse",
    "churros",
    "clam_chowder",
    "club_sandwich",
    "crab_cakes",
    "creme_brulee",
    "croque_madame",
    "cup_cakes",
    "deviled_eggs",
    "donuts",
    "dumplings",
    "edamame",
    "eggs_benedict",
    "escargots",
    "falafel",
    "filet_mignon",
    "fish_and_chips",
    "foie_gras",
    "french_fries",
    "french_onion_soup",
    "french_toast",
    "fried_calamari",
    "fried_rice",
    "frozen_yogurt",
    "garlic_bread",
    "gnocchi",
    "greek_salad",
    "grilled_cheese_sandwich",
    "grilled_salmon",
    "guacamole",
    "gyoza",
    "hamburger",
    "hot_and_sour_soup",
    "hot_dog",
    "huevos_rancheros",
    "hummus",
    "ice_cream",
    "lasagna",
    "lobster_bisque",
    "lobster_roll_sandwich",
    "macaroni_and_cheese",
    "macarons",
    "miso_soup",
    "mussels",
    "nachos",
    "omelette",
    "onion_rings",
    "oysters",
    "pad_thai",
    "paella",
    "pancakes",
    "panna_cotta",
    "peking_duck",
    "pho",
    "pizza",
    "pork_chop",
    "poutine",
    "prime_rib",
    "pulled_pork_sandwich",
    "ramen",
    "ravioli",
    "red_velvet_cake",
    "risotto",
    "samosa",
    "sashimi",
    "scallops",
    "seaweed_salad",
    "shrimp_and_grits",
    "spaghetti_bolognese",
    "spaghetti_carbonara",
    "spring_rolls",
    "steak",
    "strawberry_shortcake",
    "sushi",
    "tacos",
    "takoyaki",
    "tiramisu",
    "tuna_tartare",
    "waffles",
]
SPLITS = {"train": "train", "val": "valid", "test": "test"}
TITLES = {"train": "texts/train_titles.csv", "test": "texts/test_titles.csv"}
INPUTS = (
    {"name": "picture", "kind": "image", "size": 64, "colour": True, "label": "Picture"},
    {"name": "text", "kind": "text", "inline": True, "label": "Text"},
)
HERE = "Pictures fitted into 64 × 64 and the first 32 words, where ViLT takes 384 pixels and its own tokens."


@BENCHMARKS.register("food101")
class Food101(Benchmark):
    """Pictures by split and class; texts in `text.json` or in the official tables of titles."""

    title = "UPMC Food-101"
    about = "Which of 101 dishes a web page is about, from a picture and its title."
    licence = "For research; pictures and titles are those of web pages"
    origin = "https://visiir.isir.upmc.fr/explore"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": CLASSES}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "map",
            "split.json and text.json of missing-aware prompts; samples without a text are left out; accuracy.",
            HERE,
            "YiLunLee/missing_aware_prompts",
            INPUTS,
            {"train": 61_142, "valid": 6_846, "test": 22_716},
        ),
        Protocol(
            "titles",
            "The official tables train_titles.csv and test_titles.csv.",
            f"{HERE} The epoch is chosen on a tenth of the training table; a title without words counts as missing.",
            "the official download",
            INPUTS,
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The samples of `split.json` that have a text, or the lines of both tables."""
        if not (folder / "images").is_dir():
            raise DataError(f"There is no 'images' in '{folder}'.", "Name the folder that holds images and texts.")
        if protocol.name == "map":
            return _of_split_file(folder)
        return with_validation([each for split, name in TITLES.items() for each in _of_table(folder, name, split)])

    def miniature(self, folder: Path) -> None:
        """Six dishes, eight pages of each; a page without a text, which the split file names all the same."""
        texts: dict[str, str] = {}
        splits: dict[str, list[str]] = {name: [] for name in SPLITS}
        tables: dict[str, list[str]] = {name: [] for name in TITLES}
        for turn, (number, pixels, sentence) in enumerate(pictures_with_sentences(6, 8)):
            dish, part = CLASSES[number], ("train", "train", "train", "train", "val", "val", "test", "test")[turn % 8]
            official = "train" if part != "test" else "test"
            file = f"{dish}_{turn % 8}.jpg"
            put(folder / "images" / official / dish / file, jpeg(pixels))
            splits[part].append(file)
            tables[official].append(f'{file},"{sentence}",{dish}')
            if turn != 1:
                texts[file] = sentence
        put(folder / "split.json", _json(splits))
        put(folder / "text.json", _json(texts))
        for name, lines in tables.items():
            put(folder / TITLES[name], "\n".join(lines) + "\n")


def _json(value: object) -> str:
    import json

    return json.dumps(value)


def _of_split_file(folder: Path) -> list[Sample]:
    splits, texts = json_of(folder, "split.json"), json_of(folder, "text.json")
    for name, found in (("split.json", splits), ("text.json", texts)):
        if not isinstance(found, dict):
            raise DataError(f"'{name}' is no object of JSON.", AGAIN)
    unknown = next((name for name in splits if name not in SPLITS), None)
    if unknown is not None:
        raise DataError(f"split.json: '{unknown[:20]}' is no split.", f"There are: {', '.join(SPLITS)}.")
    named = [(str(file), split) for name, split in SPLITS.items() for file in splits.get(name, ())]
    return [
        _sample(file, _dish(file.rpartition("_")[0], f"split.json: '{file[:60]}'"), split, texts[file])
        for file, split in named
        if cell_text(texts.get(file, ""))
    ]


def _of_table(folder: Path, name: str, split: str) -> list[Sample]:
    return [
        _sample(file, _dish(dish.strip(), f"{name}, line {number}"), split, text)
        for number, (file, text, dish) in table_rows(folder, name, 3)
    ]


def _dish(name: str, place: str) -> str:
    if name not in CLASSES:
        raise DataError(f"{place}: '{name[:40]}' is no class of Food-101.", "There are 101.")
    return name


def _sample(file: str, dish: str, split: str, text: object) -> Sample:
    part = "test" if split == "test" else "train"
    cells = {"picture": f"images/{part}/{dish}/{file}", "text": cell_text(text)}
    return Sample(file.rpartition(".")[0], split, dish, cells)
