"""The requester's signature under an offer. Hardware is a promotion step, never the first run."""

from __future__ import annotations

from oracle.spec import canonical_spec, spec_hash
from oracle.terms import pack_terms
from router.control.operating.offering.offers import Offer, PromotionDenied
from router.control.workspace import Workspace
from router.protocol.lifecycle import JobRecord, Promoted, Role


def promote(workspace: Workspace, offered: Offer) -> JobRecord:
    """Sign the offer as the requester. Raises PromotionDenied with every gate that is against it."""
    if offered.denials:
        raise PromotionDenied(offered.job, offered.denials)
    if offered.spec.promotion is None:
        raise AssertionError("an offer's spec is a promoted child")
    packed = pack_terms(offered.terms)
    # On disk before anything names them: validators find the terms by the JobId and the spec by its hash.
    workspace.artifacts.put(canonical_spec(offered.spec))
    workspace.artifacts.put_terms(offered.escrow_id, packed)
    payload = Promoted(
        spec_hash=spec_hash(offered.spec),
        parent=offered.spec.promotion.parent,
        target=offered.target,
        max_usd=offered.spec.promotion.max_usd_equivalent,
        terms="0x" + packed.hex(),
        escrow_id=offered.escrow_id,
        request=f"promote --target {offered.target} --max-budget {offered.spec.promotion.max_usd_equivalent}",
    )
    return workspace.write(offered.job, lambda _record: [(Role.REQUESTER, payload)])
