"""The metadata of a data folder for other programs: Croissant 1.0 (MLCommons), JSON-LD read by libraries and search
engines.

The manifest is a record set of the samples; classes are an enumeration; an input that lies in many files has a record
set of those files, too. Samples do not refer to them by `references`: whoever reads samples would decode every file.
See https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmlab.core.plain_text import plain
from mmlab.tasks.custom.locations import MANIFEST
from mmlab.tasks.custom.manifest import Row, read_manifest
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.safe_paths import file_of
from mmlab.tasks.custom.samples import known_files, path_of
from mmlab.tasks.custom.task_json import Description, Input, read_description

CROISSANT = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.0"
MOST_PATTERNS = 64
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
CONTENT = {"image": "sc:ImageObject", "sound": "sc:AudioObject"}  # by the kind of an input; any other is text to others


def croissant(folder: Path, licence: str = "", address: str = "") -> dict[str, Any]:
    """The description of a folder. licence, address: where its terms and the data set itself are found, as URLs.

    Raises DataError where task.json or the manifest cannot be used.
    """
    problems = Problems()
    description = read_description(folder, problems)
    problems.raise_first(folder)
    assert description is not None  # or there was a problem
    rows = read_manifest(description, problems)
    problems.raise_first(folder)
    files = {name: each for name in description.info.modalities.names if (each := _files(description, rows, name))}
    stated = {"license": licence, "url": address}
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": description.info.name,
        "description": plain(f"{description.title}. {description.about}", 2000),
        **{name: value for name, value in stated.items() if value},
        "distribution": [
            _file_object(folder, MANIFEST),
            *(each for name, found in files.items() for each in _distribution(folder, name, found)),
        ],
        "recordSet": [*_classes(description), *_file_records(description, files), _samples(description, rows, files)],
    }


def _files(description: Description, rows: Sequence[Row], name: str) -> list[str]:
    """The files that the cells of an input name, each once; none where the manifest holds the content itself."""
    item = description[name]
    if item.inline:
        return []
    paths = {path_of(item, row.cells[name]) for row in rows if row.cells.get(name)}
    return sorted({file for path in paths for file in known_files(description.folder, item, path)})


def _distribution(folder: Path, name: str, files: Sequence[str]) -> list[dict[str, Any]]:
    """One file by itself, with its digest; many as the patterns that take them in."""
    if len(files) == 1:
        return [_file_object(folder, files[0])]
    patterns = sorted({str(PurePosixPath(file).parent / f"*{PurePosixPath(file).suffix}") for file in files})
    found = {"@type": "cr:FileSet", "@id": _set_of(name), "encodingFormat": _format(files[0])}
    return [
        {**found, "includes": patterns if len(patterns) <= MOST_PATTERNS else [f"**/*{PurePosixPath(files[0]).suffix}"]}
    ]


def _set_of(name: str) -> str:
    return f"{name}-files"


def _format(file: str) -> str:
    return mimetypes.guess_type(file)[0] or "application/octet-stream"


def _file_object(folder: Path, name: str) -> dict[str, Any]:
    path = file_of(folder, name)
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    found = {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name, "sha256": digest}
    return {**found, "encodingFormat": _format(name), "contentSize": f"{path.stat().st_size} B"}


def _classes(description: Description) -> list[dict[str, Any]]:
    """The classes as an enumeration, where the answer is one."""
    names = description.info.output.card().get("classes")
    if not names:
        return []
    return [
        {
            "@type": "cr:RecordSet",
            "@id": "classes",
            "dataType": "sc:Enumeration",
            "key": {"@id": "classes/name"},
            "field": [{"@type": "cr:Field", "@id": "classes/name", "dataType": "sc:Text"}],
            "data": [{"classes/name": each} for each in names],
        }
    ]


def _file_records(description: Description, files: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """For each input of many files those files, by their paths in the folder."""
    found = []
    for name, paths in files.items():
        if len(paths) > 1:
            set_of, kind = _set_of(name), CONTENT.get(description.info.modalities[name].kind, "sc:Text")
            fields = {"path": ("sc:Text", "fullpath"), "content": (kind, "content")}
            found.append(
                {
                    "@type": "cr:RecordSet",
                    "@id": f"{name}-records",
                    "key": {"@id": f"{name}-records/path"},
                    "field": [
                        {
                            "@type": "cr:Field",
                            "@id": f"{name}-records/{field}",
                            "dataType": of_type,
                            "source": {"fileSet": {"@id": set_of}, "extract": {"fileProperty": what}},
                        }
                        for field, (of_type, what) in fields.items()
                    ],
                }
            )
    return found


def _about(item: Input, files: Mapping[str, Sequence[str]]) -> str:
    name, label = item.modality.name, item.modality.label
    files_too = ", or a folder of files" if item.kind.takes_folders else ""
    what = f"a file{files_too}" if name in files else "the content itself"
    where = f", one of {name}-records" if len(files.get(name, ())) > 1 else ""
    return f"{plain(label, 100)}: {what}{where}; empty where it is missing."


def _samples(description: Description, rows: Sequence[Row], files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The manifest: a record per sample. An empty cell is an input that the sample lacks."""
    about = {
        "id": "The name of the sample.",
        description.split_column: "train, valid or test.",
        "target": "The right answer.",
        **({"group": "Who or what the sample comes from."} if any(row.group for row in rows) else {}),
        **{each.modality.name: _about(each, files) for each in description.inputs},
    }
    of_type = {"target": "sc:Text" if description.info.output.card().get("classes") else "sc:Float"}
    if description.has_label_maps:
        of_type["target"] = "sc:Text"  # the path of a map
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "key": {"@id": "samples/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"samples/{name}",
                "description": text,
                "dataType": of_type.get(name, "sc:Text"),
                "source": {"fileObject": {"@id": MANIFEST}, "extract": {"column": name}},
            }
            for name, text in about.items()
        ],
    }
