"""What goes into a job, by reference and by digest."""

from __future__ import annotations

from oracle.spec.fields import Digest, Section, Text, documented


class Inputs(Section):
    """What goes in, by reference and by digest."""

    dataset_ref: Text | None = documented(
        "Where the input data is: a URI, or a path below the spec's folder.",
        default=None,
        example="ipfs://example-input-hash",
    )
    input_hash: Digest | None = documented(
        "SHA-256 of the input data; computed for a local file.", default=None, example="0x" + "5e" * 32
    )
    preprocessing_image: Text | None = documented(
        "Image of the classical preprocessing, best with its digest.",
        default=None,
        example="registry.local/qprep:1.4.2",
    )
    unresolved: tuple[Text, ...] = documented(
        "References above that nobody here has resolved; filled in by normalisation.",
        default=(),
        example=["ipfs://example-input-hash"],
    )
