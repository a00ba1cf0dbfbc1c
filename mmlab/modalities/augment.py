"""Training-time variation of batches by kind of modality, vectorised and a function of a generator's seed."""

from __future__ import annotations

from mmlab.modalities.audio.augment import vary_sound
from mmlab.modalities.image.augment import vary_picture
from mmlab.modalities.path.augment import vary_path
from mmlab.modalities.series.augment import vary_series

VARY = {"image": vary_picture, "sound": vary_sound, "path": vary_path, "series": vary_series}
