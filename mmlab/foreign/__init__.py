"""Models defined elsewhere: any PyTorch module, described by one `register(...)` (docs/own-model.md).

`registration` keeps what was said; `packing` brings samples to tensors of one per modality and back; `calling` gives a
module its arguments, with what stands in for an absent input; `tracing` finds encoders, layers and the embedding;
`adapter` and `task` are the module and its data as a `Method` and a `Task`; `doctor` finds what is wrong.
"""
