"""What holds for every explainer. Raises AssertionError."""

from __future__ import annotations

import numpy as np

from mmlab.analysis.attribution.registry import find
from mmlab.testing.method_contract import settled


def check_explainer(name: str, method: str = "dropout") -> None:
    """Explain one sample under all combinations: finite maps, exact zeros for what is absent, shares that sum to 1."""
    model, batch = settled(method, "classification", 3)
    inputs = {modality: values[0] for modality, values in batch.inputs.items()}
    combinations = model.modalities.subsets()
    found = find(name).run(model, inputs, combinations, 1)
    assert found.target == 1
    for combination in combinations:
        maps, shares = found.maps[combination.key], found.shares[combination.key]
        assert set(maps) == set(shares) == set(model.modalities.names)
        assert np.isfinite(found.score[combination.key])
        for modality in model.modalities.names:
            assert np.isfinite(maps[modality]).all(), f"a map of {modality} is not finite"
            assert maps[modality].min() >= 0, f"a map of {modality} is below 0"
            assert maps[modality].max() <= 1, f"a map of {modality} is above 1"
            if modality not in combination:
                assert not maps[modality].any(), f"{modality} is absent and has a map"
                assert shares[modality] == 0, f"{modality} is absent and has a share"
        total = sum(shares.values())
        assert abs(total - 1) < 1e-4 or total == 0, f"shares sum to {total}"
