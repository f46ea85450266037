"""What `panshi handbook` does with files alone: check, worst and bpmn. Needs no Django."""

from dataclasses import dataclass
from pathlib import Path

from panshi.handbook import content_files
from panshi.handbook.rules import checking, likeness, texts
from panshi.handbook.rules.bpmn import document_of
from panshi.handbook.rules.checking import Finding, Registry
from panshi.handbook.rules.likeness import Pair
from panshi.handbook.rules.procedure import ContentFault

LEAST_NEW = likeness.LEAST_NEW


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found, how many nodes are written, and how many are only listed."""

    findings: tuple[Finding, ...]
    written: int
    unwritten: int


def check(directory: Path, *, registry: Registry | None = None) -> Checked:
    """Check a content directory, and against the facts and verbs that exist where they are given.

    A directory that cannot be read at all answers its faults as findings.
    """
    try:
        content = content_files.read_directory(directory)
    except ContentFault as fault:
        return Checked(tuple(checking.findings_of(str(directory), fault.faults)), 0, 0)
    report = checking.check(content.root, content.folders)
    findings = list(report.findings)
    if registry is not None:
        findings += checking.check_registry(report.documents, registry)
    return Checked(tuple(sorted(findings)), len(report.documents), report.unwritten)


def worst(directory: Path, *, count: int = 20) -> tuple[list[Pair], list[tuple[float, str]]]:
    """The most alike pairs of texts, and the nodes with the least that is new, worst first.

    Raises ContentFault.
    """
    content = content_files.read_directory(directory)
    documents = {d.text.slug: d for d in map(texts.document_of, content.folders.values())}
    alike = sorted(likeness.pairs(documents), reverse=True)
    return alike[:count], likeness.novelty(documents)[:count]


def bpmn(slug: str, directory: Path) -> str:
    """The procedure of a written node in a directory as BPMN XML.

    Raises ContentFault for files that cannot be read, LookupError for a node that is not written.
    """
    content = content_files.read_directory(directory)
    for document in map(texts.document_of, content.folders.values()):
        if document.text.slug == slug:
            name = document.text.zh
            return document_of(document.procedure, slug=slug, name=name)
    raise LookupError(f"no node {slug} is written")
