"""What a job's record and artifacts say: its terms, its latest spec, its run at a provider."""

from __future__ import annotations

from oracle.artifacts import ArtifactStore
from oracle.spec import JobSpec, parse_canonical_spec
from oracle.terms import JobTerms, terms_from_hex
from router.protocol.lifecycle import JobRecord
from router.protocol.providing import Reference


def terms_of(record: JobRecord) -> JobTerms:
    """The terms that the requester signed with the promotion; raises ValueError for a job without them."""
    if record.terms is None:
        raise ValueError(f"{record.job} was never promoted: it has no terms")
    return terms_from_hex(record.terms)


def spec_of(artifacts: ArtifactStore, record: JobRecord) -> JobSpec:
    """The job's latest spec, from the artifacts."""
    return parse_canonical_spec(artifacts.get(record.spec_hash))


def tag_of(record: JobRecord) -> str:
    """The tag under which the provider knows the job's one run: the job id and the head of the spec's hash."""
    return f"{record.job}.{record.spec_hash.removeprefix('0x')[:12]}"


def reference_of(record: JobRecord) -> Reference:
    """The provider job that the record names; raises ValueError before the submission."""
    if record.provider is None or record.target is None or record.provider_job is None:
        raise ValueError(f"{record.job} was not submitted to a provider")
    return Reference(record.provider, record.target, record.provider_job)
