"""Models on the Hugging Face Hub: a run of the library becomes a repository there, and a repository a run here.

A repository holds what the Hub expects (`model.safetensors`, `config.json`, a model card as `README.md`) and what was
measured (`report.json`, `progress.jsonl`; the stored answers only if they are asked for, since they name samples).
What comes from there is as hostile as any import and takes the same way, `model_archive.file_parts`. `HF_ENDPOINT`,
`HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` mean what they mean everywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmlab.core import permissions
from mmlab.core.errors import DataError, MissingExtra, Unsupported
from mmlab.core.permissions import Action
from mmlab.core.reference import Reference
from mmlab.core.version import __version__
from mmlab.experiments import hub_card, model_archive
from mmlab.experiments.model_archive import ImportedModel
from mmlab.storage import checkpoints, report_file, strict_json
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT, SWEEP
from mmlab.storage.file_schemas import ArchiveNames
from mmlab.storage.library import Library

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CONFIG, README = "config.json", "README.md"
PARTS = (MODEL, REPORT, PROGRESS, SWEEP)
LARGEST = {CONFIG: 2**20, **{name: model_archive.LARGEST[name] for name in PARTS}}
ENDLESS = 2**62
LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
INSTALL = "Install it: pip install 'mmlab[hub]'"
LOG_IN = "Log in (hf auth login), or set HF_TOKEN."


class ForeignRepository(DataError):
    """A repository of the Hub that holds something else than a model of mmlab."""


def push(
    run: Reference,
    repository: str,
    licence: str = hub_card.UNKNOWN,
    private: bool = False,
    answers: bool = False,
) -> str:
    """Write a run into a repository, which is made where there is none, in one commit; its address.

    answers: the stored answers to the test samples, too, which hold the names of samples and groups.
    Raises DataError, MissingExtra, Unsupported for a model that could not be pulled, NotOurs for a repository that
    holds another model.
    """
    api = _api()
    if not LICENCE.fullmatch(licence):
        raise DataError(
            f"'{licence[:80]}' is no licence.", "Write it as the Hub does, such as apache-2.0 or cc-by-4.0."
        )
    parts = _parts(run, answers)
    with _as_sentences(repository):
        _check_token()
        made = api.create_repo(repository, private=private or None, exist_ok=True).repo_id
        there = _sizes(api, made, "")
        _check_may_be_replaced(api, made, there)
    described = _described(run, parts, licence)
    files = {README: hub_card.model_card(described, made).encode(), CONFIG: hub_card.config(described), **parts}
    stale = [name for name in LARGEST if name in there and name not in files]  # what is there of another model
    with _as_sentences(repository):
        _commit(api, made, files, stale, f"{run.task}/{run.method}/{run.tag} by mmlab {__version__}")
    return f"{api.endpoint}/{made}"


def pull(library: Library, repository: str, revision: str = "", tag: str = "", replace: bool = False) -> ImportedModel:
    """File the model of a repository in the library, under its own name or another `tag`, checked as any import.

    revision: a branch, tag or commit. Without a network (HF_HUB_OFFLINE=1), what was pulled before comes from the
    cache. Raises DataError, CheckpointError, MissingExtra, NotOurs, NameTaken, NotAllowed.
    """
    permissions.require(Action.IMPORT)
    api = _api()
    with _as_sentences(repository):
        there = _cached(repository, revision) if _is_offline() else _sizes(api, repository, revision)
        if not {CONFIG, MODEL} <= set(there):
            raise _not_ours(repository)
        for name, most in LARGEST.items():
            if there.get(name, 0) > most:
                message = f"{name} of {repository} is too large: {there[name] / 1e6:,.0f} MB."
                raise DataError(message, f"mmlab's are {most / 1e6:,.0f} MB at most. Nothing was loaded.")
        config = _config(repository, _fetched(api, repository, CONFIG, revision))
        parts = {name: _fetched(api, repository, name, revision) for name in PARTS if name in there}
    return model_archive.file_parts(library, parts, tag or str(config.get("tag", "pulled")), replace)


def _api() -> HfApi:
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise MissingExtra(f"The Hub needs a package that is not here: {error.name}.", INSTALL) from error
    disable_progress_bars()
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="mmlab", library_version=__version__)


def _check_token() -> None:
    from huggingface_hub import get_token

    if not get_token():
        raise DataError("Pushing to the Hub needs a token.", LOG_IN)


def _is_offline() -> bool:
    from huggingface_hub import constants

    return constants.is_offline_mode()


def _parts(run: Reference, answers: bool) -> dict[str, bytes]:
    """The files of a run that are pushed. Raises Unsupported for what `pull` would refuse."""
    parts = model_archive.parts_of(Path(run.path))
    if not answers:
        parts.pop(SWEEP, None)
    if any("backbone" in item for item in checkpoints.read_card(Path(run.path))["task"]["modalities"]):
        raise Unsupported("This model reads its inputs by large networks of this machine.", "Copy its folder.")
    for name, content in parts.items():
        if len(content) > LARGEST[name]:
            raise Unsupported(f"{name} of this model is too large to be pulled again.", "Copy its folder.")
    return parts


def _described(run: Reference, parts: Mapping[str, bytes], licence: str) -> hub_card.Described:
    report = report_file.decoded(parts[REPORT]) if REPORT in parts else {}
    return hub_card.Described(run.task, run.method, run.tag, checkpoints.read_card(Path(run.path)), report, licence)


def _commit(api: HfApi, repository: str, files: Mapping[str, bytes], stale: Sequence[str], message: str) -> None:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    added = [CommitOperationAdd(name, content) for name, content in files.items()]
    api.create_commit(repository, [*added, *map(CommitOperationDelete, stale)], commit_message=message)


def _sizes(api: HfApi, repository: str, revision: str) -> dict[str, int]:
    """Our files in a repository with their sizes in bytes; what the Hub says no size of is as good as endless."""
    files = api.model_info(repository, revision=revision or None, files_metadata=True).siblings or []
    return {each.rfilename: ENDLESS if each.size is None else each.size for each in files if each.rfilename in LARGEST}


def _cached(repository: str, revision: str) -> dict[str, int]:
    """The same of what was loaded before. Raises DataError where nothing was."""
    from huggingface_hub import try_to_load_from_cache

    found = {name: try_to_load_from_cache(repository, name, revision=revision or None) for name in LARGEST}
    files = {name: Path(path).stat().st_size for name, path in found.items() if isinstance(path, str)}
    if not files:
        raise DataError(f"{repository} was not loaded before, and HF_HUB_OFFLINE is set.", "Unset HF_HUB_OFFLINE.")
    return files


def _fetched(api: HfApi, repository: str, name: str, revision: str) -> bytes:
    """The content of a file, by way of the cache of the Hub. Raises DataError for more than was promised."""
    with Path(api.hf_hub_download(repository, name, revision=revision or None)).open("rb") as opened:
        content = opened.read(LARGEST[name] + 1)
    if len(content) > LARGEST[name]:
        raise DataError(f"{name} of {repository} is too large.", "It is no model of mmlab.")
    return content


def _config(repository: str, content: bytes) -> Mapping[str, Any]:
    """What `config.json` says. Raises ForeignRepository for one of another library, DataError for a broken one."""
    found: dict[str, Any] = strict_json.checked(
        content, ArchiveNames, f"{CONFIG} of {repository}", "Ask who pushed it.", LARGEST[CONFIG], ForeignRepository
    )
    if found.get("library_name") != hub_card.LIBRARY:
        raise _not_ours(repository)
    return found


def _check_may_be_replaced(api: HfApi, repository: str, there: Mapping[str, int]) -> None:
    """Raise ForeignRepository where another model would be written over."""
    if not there:
        return
    if not {CONFIG, MODEL} <= set(there) or there[CONFIG] > LARGEST[CONFIG]:
        raise _not_ours(repository)
    _config(repository, _fetched(api, repository, CONFIG, ""))


def _not_ours(repository: str) -> ForeignRepository:
    return ForeignRepository(
        f"{repository} holds no model of mmlab.", f"Those have {CONFIG} and {MODEL}, made by mmlab push."
    )


@contextmanager
def _as_sentences(repository: str) -> Iterator[None]:
    """What goes wrong between here and the Hub, in words."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise DataError(f"'{repository[:100]}' cannot name a repository.", "Write it as user/name.") from error
    except errors.GatedRepoError as error:
        raise DataError(f"{repository} is open to those only whom its owner let in.", f"Ask there. {LOG_IN}") from error
    except errors.RepositoryNotFoundError as error:
        hint = f"Check the name. For a private one: {LOG_IN[0].lower()}{LOG_IN[1:]}"
        raise DataError(f"There is no repository {repository}, or it is private.", hint) from error
    except errors.RevisionNotFoundError as error:
        raise DataError(f"{repository} has no such branch, tag or commit.", "Leave out --revision.") from error
    except errors.OfflineModeIsEnabled as error:
        raise DataError("HF_HUB_OFFLINE is set, so the Hub is not asked.", "Unset HF_HUB_OFFLINE.") from error
    except (errors.HfHubHTTPError, httpx2.HTTPStatusError) as error:
        raise _refused(repository, error.response.status_code) from error
    except (httpx2.HTTPError, errors.LocalEntryNotFoundError) as error:
        hint = "Check the network; HF_HUB_OFFLINE=1 takes what was loaded before."
        raise DataError("The Hub cannot be reached.", hint) from error
    except (OSError, ValueError, LookupError, RuntimeError) as error:
        raise DataError(f"The Hub's answer cannot be used: {error}", "Try again later.") from error


def _refused(repository: str, status: int) -> DataError:
    if status in (401, 403):
        return DataError(
            f"The Hub does not allow this to you on {repository}.", f"{LOG_IN} A push needs a token that writes."
        )
    return DataError(f"The Hub answered with error {status}.", "Try again later.")
