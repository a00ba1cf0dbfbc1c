"""Everything on disk: checkpoints, the library, sweeps, packed arrays, the disk cache."""
