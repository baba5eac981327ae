"""The requester's signature under an offer. Hardware is a promotion step, never the first run."""

from __future__ import annotations

from oracle.spec import canonical_spec, spec_hash
from oracle.terms import pack_terms
from router.control.operating.offering.offers import Offer, PromotionDenied
from router.protocol.lifecycle import JobRecord, Promoted
from router.requester.desk import RequesterDesk


def promote(desk: RequesterDesk, offered: Offer) -> JobRecord:
    """Sign the offer as the requester. Raises PromotionDenied with every gate that is against it."""
    if offered.denials:
        raise PromotionDenied(offered.job, offered.denials)
    if offered.spec.promotion is None:
        raise AssertionError("an offer's spec is a promoted child")
    packed = pack_terms(offered.terms)
    # On disk before anything names them: validators find the terms by the JobId and the spec by its hash.
    opened = desk.opened
    opened.artifacts.put(canonical_spec(offered.spec))
    opened.artifacts.put_terms(offered.escrow_id, packed)
    payload = Promoted(
        spec_hash=spec_hash(offered.spec),
        parent=offered.spec.promotion.parent,
        target=offered.target,
        max_usd=offered.spec.promotion.max_usd_equivalent,
        terms="0x" + packed.hex(),
        escrow_id=offered.escrow_id,
        request=f"promote --target {offered.target} --max-budget {offered.spec.promotion.max_usd_equivalent}",
    )
    return desk.write(offered.job, lambda _record: [payload])
