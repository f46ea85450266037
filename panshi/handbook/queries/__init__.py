"""Questions to the handbook: runs, and the text."""

from panshi.handbook.queries.card import run_card, run_history
from panshi.handbook.queries.case_photos import (
    case_photo_file,
    case_photos,
    case_picture,
    case_pictures,
)
from panshi.handbook.queries.cases import case_list, case_page, cases_of_node
from panshi.handbook.queries.curves import city_curve
from panshi.handbook.queries.drafts import (
    draft_findings,
    drafts,
    node_files,
    revision_page,
    writes_here,
)
from panshi.handbook.queries.exams import (
    certified_for,
    exam_page,
    exam_paper,
    exams,
    my_exams,
    posts,
    practice_sheet,
)
from panshi.handbook.queries.gate import exams_granting, procedure_certificates
from panshi.handbook.queries.notes import local_notes, notes_of_run
from panshi.handbook.queries.notices import notice_page
from panshi.handbook.queries.panorama import family, panorama
from panshi.handbook.queries.parameters import parameter_page, parameters
from panshi.handbook.queries.playbooks import adherence, launch_phases
from panshi.handbook.queries.reading import (
    binding_status,
    cities,
    edition_diff,
    editions,
    findable_parts,
    node_page,
    search,
)
from panshi.handbook.queries.reviews import due_reviews
from panshi.handbook.queries.runs import (
    evidence_file,
    first_tasks,
    heirs,
    inbox,
    inbox_count,
    open_runs_about,
    posts_of,
    procedures_named,
    runs_due,
    runs_of,
    supervision,
)
from panshi.handbook.queries.sampling import deviations_of, watch
from panshi.handbook.queries.words import search_misses, synonyms

__all__ = [
    "adherence",
    "binding_status",
    "case_list",
    "case_page",
    "case_photo_file",
    "case_photos",
    "case_picture",
    "case_pictures",
    "cases_of_node",
    "certified_for",
    "cities",
    "city_curve",
    "deviations_of",
    "draft_findings",
    "drafts",
    "due_reviews",
    "edition_diff",
    "editions",
    "evidence_file",
    "exam_page",
    "exam_paper",
    "exams",
    "exams_granting",
    "family",
    "findable_parts",
    "first_tasks",
    "heirs",
    "inbox",
    "inbox_count",
    "launch_phases",
    "local_notes",
    "my_exams",
    "node_files",
    "node_page",
    "notes_of_run",
    "notice_page",
    "open_runs_about",
    "panorama",
    "parameter_page",
    "parameters",
    "posts",
    "posts_of",
    "practice_sheet",
    "procedure_certificates",
    "procedures_named",
    "revision_page",
    "run_card",
    "run_history",
    "runs_due",
    "runs_of",
    "search",
    "search_misses",
    "supervision",
    "synonyms",
    "watch",
    "writes_here",
]
