"""What the demo's leads looked at, and which closed work became a case that others read."""

from contextlib import suppress
from datetime import datetime
from math import ceil
from typing import Final

from panshi.demo import world
from panshi.demo.founding import Company
from panshi.demo.staff import staff_of
from panshi.handbook import queries as handbook_queries
from panshi.handbook import services as handbook
from panshi.kit.tenancy import Actor, hq_actor

STRUCK: Final = "照片里看不清车牌，分不出是不是这台车。"
# What a person made of the record: a word for the title, and what is to be learnt.
LESSONS: Final = (
    (
        "快不是省步骤",
        "每一步的凭证都在，快在第一次通话就把车、故障和地点问全，没有第二次打扰客户。",
    ),
    ("一步一证", "照着清单一步留一证，两周后客户来问，当天谁做了什么、几点做的，翻开就答得上。"),
    ("钟点先说死", "先把上门钟点说准再派人；之后路上有变也先打电话，客户没有再催过一次。"),
)

# What the shown operator tells its own people beside the book's text, by node.
NOTES: Final = {
    "return-inspection": "验车灯棚在二号门进门左手边，雨天也在棚下拍照；灯的开关在值班室门后。",
    "rescue-dispatch": "上高速救援走城东收费站的应急入口，先打值班电话报车牌，再出发。",
}


def learn(company: Company, at: datetime) -> None:
    """Sample what closed in each city up to its target, and publish some of what was proposed."""
    people = staff_of(company.platform_id)
    trainer, boss = people.one("TRAINER"), people.one("DECISION_MAKER")
    _sample(company, trainer, at)
    _publish(company, trainer, boss, at)
    _note(company, at)


def _note(company: Company, at: datetime) -> None:
    shown = next(o for o in company.operators if o.plan == world.SHOWN)
    lead = staff_of(shown.org_id).one("OPERATIONS")
    for slug, words in NOTES.items():
        handbook.set_local_note(node_slug=slug, words=words, org_id=shown.org_id, actor=lead, at=at)


def _sample(company: Company, lead: Actor, at: datetime) -> None:
    cities = handbook_queries.watch(actor=lead, at=at).cities
    for place, city in enumerate(cities):
        wanted = ceil(city.closed * city.target)
        drawn = handbook_queries.watch(actor=lead, at=at, city=city.city).upcoming[:wanted]
        for turn, row in enumerate(drawn):
            convincing = (place, turn) != (0, 0)
            handbook.sample_run(
                run_id=row.id,
                convincing=convincing,
                words="" if convincing else STRUCK,
                actor=lead,
                at=at,
            )


def _publish(company: Company, writer: Actor, reader: Actor, at: datetime) -> None:
    """The night proposes, a lead too; one words a case, another approves and publishes it."""
    handbook.propose_cases(actor=hq_actor(company.platform_id), at=at)
    known, _many = handbook_queries.case_list(state="PROPOSED", actor=writer)
    shown = next(o for o in company.operators if o.plan == world.SHOWN)
    lead = staff_of(shown.org_id).one("OPERATIONS")
    for run in handbook_queries.watch(actor=lead, at=at).upcoming:
        with suppress(handbook.CaseKnown):  # The night may have proposed it.
            handbook.propose_case(run_id=run.id, actor=lead, at=at)
            break
    rows, _many = handbook_queries.case_list(state="PROPOSED", actor=writer)
    own = [row for row in rows if row.id not in {case.id for case in known}]
    for row, (word, lesson) in zip([*own, *known], LESSONS, strict=False):
        page = handbook_queries.case_page(case_id=row.id, actor=writer)
        texts = {part.head: part.text for part in page.draft} | {"LESSON": lesson}
        title = f"{row.title}：{word}"
        handbook.redact_case(case_id=row.id, title=title, texts=texts, actor=writer, at=at)
        handbook.approve_case(case_id=row.id, actor=reader, at=at)
        handbook.publish_case(case_id=row.id, actor=reader, at=at)
