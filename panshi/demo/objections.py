"""Two payers say that their bill is wrong: one has its answer, one waits for it."""

from datetime import datetime, timedelta

from panshi.billing import queries, services
from panshi.demo.founding import Operator
from panshi.kit.clock import local_day


def object_to_bills(operator: Operator, at: datetime) -> None:
    """Open bills of the operator's, none of them late, so that no ladder stands still for it."""
    actor = operator.actor
    page = queries.bill_rows(
        today=local_day(at), standing="OPEN", kind="CHARGE", limit=2, actor=actor
    )
    words = ("上门费多收了，预约时说过同一趟不收第二次。", "没有查出毛病，为什么也要收工时费？")
    for row, said in zip(page.rows, words, strict=False):
        dispute = services.dispute_bill(
            bill_id=row.id, words=said, actor=actor, at=at - timedelta(hours=5)
        )
        if said == words[0]:
            services.answer_dispute(
                dispute_id=dispute.dispute_id,
                verdict="STANDS",
                answer="到场记录显示是另外派的一趟，按公示价目收上门费；记录已附在工单里。",
                actor=actor,
                at=at - timedelta(hours=1),
            )
