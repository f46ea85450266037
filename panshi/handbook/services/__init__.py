"""Verbs of the handbook, one file per matter."""

from panshi.handbook.services.answering import answer_customer
from panshi.handbook.services.case_photos import PhotoUnfit, keep_case_photo, take_case_photo
from panshi.handbook.services.cases import (
    CaseKnown,
    approve_case,
    dismiss_case,
    propose_case,
    propose_cases,
    publish_case,
    redact_case,
)
from panshi.handbook.services.closing import (
    close_run,
    close_run_by_fact,
    halt_run,
    pause_run,
    record_deviation,
    release_stop,
    resume_run,
    void_run,
    waits_over,
)
from panshi.handbook.services.content import import_content
from panshi.handbook.services.exams import (
    Given,
    any_late_attempt,
    begin_attempt,
    close_late_attempts,
    grade_practice,
    schedule_exam,
    set_exam,
    submit_attempt,
)
from panshi.handbook.services.hearing import hear_facts
from panshi.handbook.services.knowledge import add_synonym, note_search_miss, remove_synonym
from panshi.handbook.services.ladder import anything_due, escalate_due
from panshi.handbook.services.measures import roll_up_adherence
from panshi.handbook.services.notes import set_local_note, take_back_local_note
from panshi.handbook.services.notices import (
    acknowledge_notice,
    anything_unread,
    submit_change_quiz,
    suspend_unread,
)
from panshi.handbook.services.parameters import set_parameter
from panshi.handbook.services.past import PastRun, note_launch, take_over_runs
from panshi.handbook.services.playbooks import start_playbook
from panshi.handbook.services.proofs import attach_evidence
from panshi.handbook.services.review import (
    approve_revision,
    confirm_text,
    draft_revision,
    edit_revision,
    freeze_edition,
    release_edition,
    return_revision,
    submit_revision,
    withdraw_edition,
)
from panshi.handbook.services.sampling import report_deviation, sample_run
from panshi.handbook.services.schedules import any_period_begun, start_scheduled
from panshi.handbook.services.starting import is_bound, start_run_by_hand, start_runs
from panshi.handbook.services.steps import (
    StepAwaitsFact,
    complete_step,
    hand_over_run,
    send_back_step,
    skip_step,
    take_run,
)

__all__ = [
    "CaseKnown",
    "Given",
    "PastRun",
    "PhotoUnfit",
    "StepAwaitsFact",
    "acknowledge_notice",
    "add_synonym",
    "answer_customer",
    "any_late_attempt",
    "any_period_begun",
    "anything_due",
    "anything_unread",
    "approve_case",
    "approve_revision",
    "attach_evidence",
    "begin_attempt",
    "close_late_attempts",
    "close_run",
    "close_run_by_fact",
    "complete_step",
    "confirm_text",
    "dismiss_case",
    "draft_revision",
    "edit_revision",
    "escalate_due",
    "freeze_edition",
    "grade_practice",
    "halt_run",
    "hand_over_run",
    "hear_facts",
    "import_content",
    "is_bound",
    "keep_case_photo",
    "note_launch",
    "note_search_miss",
    "pause_run",
    "propose_case",
    "propose_cases",
    "publish_case",
    "record_deviation",
    "redact_case",
    "release_edition",
    "release_stop",
    "remove_synonym",
    "report_deviation",
    "resume_run",
    "return_revision",
    "roll_up_adherence",
    "sample_run",
    "schedule_exam",
    "send_back_step",
    "set_exam",
    "set_local_note",
    "set_parameter",
    "skip_step",
    "start_playbook",
    "start_run_by_hand",
    "start_runs",
    "start_scheduled",
    "submit_attempt",
    "submit_change_quiz",
    "submit_revision",
    "suspend_unread",
    "take_back_local_note",
    "take_case_photo",
    "take_over_runs",
    "take_run",
    "void_run",
    "waits_over",
    "withdraw_edition",
]
