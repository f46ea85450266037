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
    words = ("里程多算了，退车那天是 8,120 公里。", "这个月停租了三天，账单没有扣。")
    for row, said in zip(page.rows, words, strict=False):
        dispute = services.dispute_bill(
            bill_id=row.id, words=said, actor=actor, at=at - timedelta(hours=5)
        )
        if said == words[0]:
            services.answer_dispute(
                dispute_id=dispute.dispute_id,
                verdict="STANDS",
                answer="交车与退车两张里程照片都在验车记录里，多出的公里按合同第四条计。",
                actor=actor,
                at=at - timedelta(hours=1),
            )
