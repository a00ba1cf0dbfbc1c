"""Building a registered module: its own object or what its builder returns, in eval mode, without wrappers."""

from __future__ import annotations

import torch
from torch import nn

from mmlab.core.errors import MmlabError, PluginError
from mmlab.foreign import own_modules
from mmlab.foreign.error_location import in_one_line
from mmlab.foreign.registration import Registration


def build(registration: Registration) -> nn.Module:
    """The module, in eval mode. Raises PluginError where its builder fails or returns something else."""
    made = registration.model
    if not isinstance(made, nn.Module):
        try:
            with own_modules.imported_for(registration.file), torch.enable_grad():  # a builder may train
                made = made()
        except MmlabError:
            raise
        except Exception as error:
            raise PluginError(f"Building '{registration.name}' failed: {in_one_line(error)}", "Mend it.") from error
    if not isinstance(made, nn.Module):
        raise PluginError(f"Building '{registration.name}' gave {type(made).__name__}.", "Return an nn.Module.")
    return unwrapped(made).cpu().eval()  # some put themselves on a GPU; who uses it says where it goes


def unwrapped(module: nn.Module) -> nn.Module:
    """The module itself, without what compiles it or spreads it over devices."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner
