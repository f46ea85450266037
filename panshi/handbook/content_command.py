"""What `panshi handbook` does with a database: import, export, play and diff."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from panshi.handbook import content_files, services, subjects
from panshi.handbook.changes import parameters_in
from panshi.handbook.events import ContentImported
from panshi.handbook.models import Edition
from panshi.handbook.playing import Played, play_edition
from panshi.handbook.rules import differences, texts
from panshi.handbook.rules.differences import Change
from panshi.handbook.rules.texts import NodeDocument
from panshi.handbook.services.content import content_of, documents_of
from panshi.kit.tenancy import acting, hq_actor, system_actor
from panshi.org import queries as org


def bring_in(directory: Path, *, at: datetime) -> ContentImported:
    """Import a directory as the platform; raises LookupError before the platform exists."""
    platform = org.platform_id()
    if platform is None:
        raise LookupError("there is no platform node yet")
    return services.import_content(directory=str(directory), actor=hq_actor(platform), at=at)


def play(slugs: Sequence[str], *, runs: int, at: datetime) -> list[Played]:
    """Play procedures through the verbs as an operator, keeping nothing; all without slugs.

    What there is of records is what they are about. Raises LookupError before the platform exists.
    """
    platform = org.platform_id()
    if platform is None:
        raise LookupError("there is no platform node yet")
    operators = org.operators(actor=hq_actor(platform))
    org_id = operators[0].id if operators else platform
    there = subjects.some(system_actor(org_id))
    return play_edition(org_id=org_id, at=at, runs=runs, slugs=slugs, subjects=there)


def told_of(played: Sequence[Played]) -> list[str]:
    """What there is to say of procedures that were played, the sums last."""
    said = [f"{one.slug}: {words}" for one in played for words in one.trouble]
    said += [f"{one.slug}: not called, {words}" for one in played for words in one.refused]
    said += [f"{one.slug}: not taken, {words}" for one in played for words in one.untaken]
    real = sum((one.called for one in played), Counter[str]())
    stood_in = sum((one.stood_in for one in played), Counter[str]())
    never = sorted(set(stood_in) - set(real))
    left = sum(len(one.untaken) for one in played)
    branches = sum(one.branches for one in played)
    return [
        *said,
        f"verbs called in earnest: {', '.join(sorted(real)) or 'none'}",
        f"verbs that refused every time, with a fact standing in: {', '.join(never) or 'none'}",
        f"{len(played)} procedures, {sum(one.runs for one in played)} runs, "
        f"{sum(one.acts for one in played)} acts, {sum(one.skipped for one in played)} steps left "
        f"out by a lead; {branches - left} of {branches} branches taken",
    ]


def export(directory: Path, *, number: str = "") -> int:
    """Write an edition, by default the one in force, into a directory; answers how many files.

    Raises Edition.DoesNotExist.
    """
    with acting(hq_actor()):
        return content_files.write_directory(content_of(_edition(number)), directory)


def _edition(number: str) -> Edition:
    rows = Edition.objects.all()
    return rows.get(number=number) if number else rows.get(state="RELEASED")


def _contents(name: str) -> tuple[dict[str, NodeDocument], Mapping[str, str]]:
    """The written nodes and the files of a directory or an edition."""
    path = Path(name)
    if path.is_dir():
        content = content_files.read_directory(path)
        found = (texts.document_of(files) for files in content.folders.values())
        return {document.text.slug: document for document in found}, content.root
    with acting(hq_actor()):
        edition = _edition(name)
        return documents_of(edition), edition.files


def diff(before: str, after: str) -> list[Change]:
    """Compare two directories or edition numbers, the heaviest change first.

    Raises ContentFault for files that cannot be read, Edition.DoesNotExist for a number.
    """
    (olds, was), (news, is_) = _contents(before), _contents(after)
    limits = differences.limits_between(parameters_in(was), parameters_in(is_))
    return differences.compare(olds, news, limits)
