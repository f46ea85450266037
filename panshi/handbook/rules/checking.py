"""What must be true of the files before an edition may be released, one finding a line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from panshi.handbook.rules import conditions, likeness, parameters, playbooks, texts, walking
from panshi.handbook.rules.procedure import FILE_KINDS, ContentFault, Procedure
from panshi.handbook.rules.texts import NodeDocument, Outline, OutlineNode

MAX_PHOTOS: Final = 12
CASE: Final = 300
_LEAST: Final = {
    1: {"what": 80, "why": 100, "how": 300, "clauses": 4, "steps": 5, "questions": 4},
    2: {"what": 50, "why": 60, "how": 150, "clauses": 2, "steps": 3, "questions": 2},
}
_NO_FACT: Final = "no fact "
_WAITS_FOR_NO_FACT: Final = "waits for no fact: "
_PLACEHOLDER: Final = re.compile(r"待补|待写|TODO|TBD|xxx|XXX|……待|此处填写|lorem", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong: where it stands, and in words what."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


def names_no_fact(finding: Finding) -> bool:
    """Whether a procedure starts, closes or is proved by a fact that does not exist."""
    return finding.words.startswith((_NO_FACT, _WAITS_FOR_NO_FACT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `check` found, and how much of the outline is written."""

    findings: tuple[Finding, ...]
    documents: Mapping[str, NodeDocument]
    outline: Outline | None

    @property
    def unwritten(self) -> int:
        return len(self.outline.nodes) - len(self.documents) if self.outline else 0


def check(root: Mapping[str, str], folders: Mapping[str, Mapping[str, str]]) -> Report:
    """Check the files of an edition by themselves, without a database."""
    findings: list[Finding] = []
    outline: Outline | None = None
    try:
        outline = texts.outline_of(root["outline.yaml"])
        roles = {r["slug"] for r in texts.load_yaml(root["roles.yaml"], "roles.yaml")["roles"]}
        params = texts.load_yaml(root["params.yaml"], "params.yaml")["params"]
        texts.load_yaml(root["synonyms.yaml"], "synonyms.yaml")
        texts.load_yaml(root["edition.yaml"], "edition.yaml")
    except ContentFault as fault:
        return Report(
            findings=tuple(Finding("content", f) for f in fault.faults),
            documents={},
            outline=outline,
        )
    for slug in texts.twice([n.slug for n in outline.nodes]):
        findings.append(Finding("outline.yaml", f"slug {slug} stands twice"))
    for name, row in params.items():
        findings += [Finding("params.yaml", words) for words in parameters.problems(name, row)]
    findings += _playbooks(root, {n.slug for n in outline.nodes}, roles)
    by_slug = outline.by_slug()
    documents: dict[str, NodeDocument] = {}
    for folder, files in sorted(folders.items()):
        try:
            document = texts.document_of(files)
        except ContentFault as fault:
            findings += [Finding(folder, words) for words in fault.faults]
            continue
        node = by_slug.get(document.text.slug)
        if node is None:
            findings.append(Finding(folder, f"the outline has no node {document.text.slug}"))
            continue
        documents[document.text.slug] = document
        values = {name: row.get("value") for name, row in params.items()}
        findings += [
            Finding(folder, words)
            for words in _node_findings(folder, node, document, roles, values, set(by_slug))
        ]
    roles_zh = [r["zh"] for r in texts.load_yaml(root["roles.yaml"], "roles.yaml")["roles"]]
    mould = likeness.Mould([*(n.zh for n in outline.nodes), *roles_zh])
    findings += [Finding(*fault) for fault in likeness.faults(documents, mould)]
    return Report(findings=tuple(sorted(findings)), documents=documents, outline=outline)


def _playbooks(root: Mapping[str, str], slugs: set[str], roles: set[str]) -> Iterator[Finding]:
    for name in sorted(n for n in root if n.startswith("playbooks/")):
        try:
            read = playbooks.playbook_of(texts.load_yaml(root[name], name))
        except ContentFault as fault:
            yield from (Finding(name, words) for words in fault.faults)
            continue
        yield from (Finding(name, words) for words in playbooks.problems(read, slugs, roles))


def _node_findings(
    folder: str,
    node: OutlineNode,
    document: NodeDocument,
    roles: set[str],
    params: Mapping[str, object],
    slugs: set[str],
) -> Iterator[str]:
    text = document.text
    if folder != f"{node.code}-{node.slug}":
        yield f"the folder must be called {node.code}-{node.slug}"
    for name in ("code", "zh", "en", "owner_role"):
        if getattr(text, name) != getattr(node, name):
            said, meant = getattr(text, name), getattr(node, name)
            yield f"node.md: {name} “{said}” is “{meant}” in the outline"
    yield from _sizes(node, document)
    yield from _trigger(node, document.procedure)
    yield from _procedure(document.procedure, roles, params, slugs)
    yield from _quiz(node, document)
    found = walking.walk(document.procedure, params)
    for step_id in found.unreached:
        yield f"sop.yaml: step {step_id} is never reached"
    for step_id in found.stuck:
        yield f"sop.yaml: a run can get stuck before step {step_id}"


def _sizes(node: OutlineNode, document: NodeDocument) -> Iterator[str]:
    least = _LEAST[node.level]
    for name in ("what", "why", "how"):
        length = len(re.sub(r"\s", "", getattr(document.text, name)))
        if length < least[name]:
            yield f"node.md: {name} has {length} characters, at least {least[name]}"
    for name, count in (
        ("clauses", len(document.clauses)),
        ("steps", len(document.procedure.steps)),
        ("questions", len(document.questions)),
    ):
        if count < least[name]:
            yield f"{count} {name}, at least {least[name]}"
    if node.level == 1 and not any(len(c.text) >= CASE for c in document.cases):
        yield f"cases: none has {CASE} characters"
    for name, words in (
        ("node.md", document.text.what + document.text.why + document.text.how),
        ("policy.md", "".join(document.clauses.values())),
        *((c.name, c.text) for c in document.cases),
    ):
        if match := _PLACEHOLDER.search(words):
            yield f"{name}: “{match[0]}” is a placeholder"


def _trigger(node: OutlineNode, procedure: Procedure) -> Iterator[str]:
    trigger, listed = procedure.trigger, node.trigger
    if trigger.kind == "manual" and listed["kind"] == "event":
        if trigger.planned != listed["event"]:
            yield f"sop.yaml: must say “planned: {listed['event']}”, as the outline does"
        return
    for name in ("kind", "event", "every", "each", "where"):
        said, meant = getattr(trigger, name) or None, listed.get(name)
        if said != meant:
            yield f"sop.yaml: trigger {name} is {said!r}, in the outline {meant!r}"


def _procedure(
    procedure: Procedure, roles: set[str], params: Mapping[str, object], slugs: set[str]
) -> Iterator[str]:
    named = {
        procedure.owner_role,
        *(s.role for s in procedure.steps if s.role),
        *(r.to for r in procedure.escalate if r.to != "owner"),
    }
    for role in sorted(named - roles):
        yield f"sop.yaml: there is no role {role}"
    photos = 0
    for step in procedure.steps:
        values: list[object] = [step.when, step.stop_if, step.with_, step.times, step.repeat_for]
        values += [part for c in step.on_fail for part in (c.when, c.with_)]
        if step.evidence:
            values += [step.evidence.low, step.evidence.high]
            if step.evidence.kind in FILE_KINDS:
                turns = len(step.repeat_for) if isinstance(step.repeat_for, tuple) else 1
                photos += step.evidence.least * turns
        for reference in conditions.references([v for v in values if v is not None]):
            root, *path = reference[1:].split(".")
            if root == "param" and path[0] not in params:
                yield f"sop.yaml: step {step.id} uses {reference}, which params.yaml lacks"
        for consequence in step.on_fail:
            if consequence.start and consequence.start not in slugs:
                yield f"sop.yaml: step {step.id} starts {consequence.start}, no such node"
    if photos > MAX_PHOTOS:
        yield f"sop.yaml: asks {photos} pictures of one run, at most {MAX_PHOTOS}"


def _quiz(node: OutlineNode, document: NodeDocument) -> Iterator[str]:
    ids = {s.id for s in document.procedure.steps}
    for number, question in enumerate(document.questions, 1):
        if question.step and question.step not in ids:
            yield f"quiz.yaml: question {number} names no step: {question.step}"
        if question.clause is not None and question.clause not in document.clauses:
            yield f"quiz.yaml: question {number} names no clause: {question.clause}"
    for step in document.procedure.steps:
        if step.clause is not None and step.clause not in document.clauses:
            yield f"sop.yaml: step {step.id} names clause {step.clause}, which does not exist"
    if node.level == 1 and not any(q.kind == "situation" for q in document.questions):
        yield "quiz.yaml: has no question of kind situation"


Shapes = Mapping[str, Mapping[str, Any]]


def check_registry(
    documents: Mapping[str, NodeDocument], fact_fields: Shapes, verb_arguments: Shapes
) -> list[Finding]:
    """Compare the written procedures with the facts and verbs that exist.

    `fact_fields` gives per fact its fields, each with the fields of its items (or nothing);
    `verb_arguments` gives per verb its arguments, each with whether it must be given.
    """
    found: list[Finding] = []
    for slug, document in documents.items():
        found += [
            Finding(slug, words)
            for words in _bindings(document.procedure, fact_fields, verb_arguments)
        ]
        found += [Finding(slug, words) for words in _starts(document, documents, fact_fields)]
    return sorted(found)


def _known(procedure: Procedure, fact_fields: Shapes) -> set[str]:
    """The fields of the fact that a run of this procedure holds."""
    trigger = procedure.trigger
    shape = fact_fields.get(trigger.event)
    if shape is None:
        return {procedure.subject_id.removeprefix("$fact.")}
    return {*shape, *(shape.get(trigger.each) or ())}


def _facts_in(value: object) -> set[str]:
    found = (r.removeprefix("$fact.") for r in conditions.references(value) if "$fact." in r)
    return {name.split(".")[0] for name in found}


def _starts(
    document: NodeDocument, documents: Mapping[str, NodeDocument], fact_fields: Shapes
) -> Iterator[str]:
    """Verbs of a started node that would lack a field, as its parent's fact does not hold it.

    A step is safe when its condition asks another field that is not known then: it does not apply.
    """
    procedure = document.procedure
    for step in procedure.steps:
        for consequence in step.on_fail:
            started = documents.get(consequence.start)
            if started is None:
                continue
            child = started.procedure
            known = _known(procedure, fact_fields) | set(consequence.with_)
            if child.subject_type == procedure.subject_type:
                known.add(child.subject_id.removeprefix("$fact."))
            for one in child.steps:
                lacking = sorted(_facts_in(one.with_) - known) if one.call else []
                if lacking and _facts_in(one.when) <= known:
                    yield (
                        f"step {step.id} starts {consequence.start}, whose step {one.id} needs"
                        f" $fact.{lacking[0]}: give it by “with”"
                    )


def _bindings(procedure: Procedure, fact_fields: Shapes, verbs: Shapes) -> Iterator[str]:
    trigger = procedure.trigger
    if trigger.planned and trigger.planned in fact_fields:
        yield f"{trigger.planned} exists now: bind the node to it"
    if trigger.event and trigger.event not in fact_fields:
        yield f"{_NO_FACT}{trigger.event}: say “kind: manual, planned: {trigger.event}”"
    fields: set[str] = set()
    if trigger.event in fact_fields:
        shape = fact_fields[trigger.event]
        fields = set(shape)
        if trigger.each:
            if trigger.each not in shape:
                yield f"{trigger.event} has no field {trigger.each}"
            fields |= set(shape.get(trigger.each) or ())
        for name in sorted(set(conditions.names(trigger.where)) - fields):
            yield f"the condition asks {name}, which {trigger.event} lacks"
    for listening in procedure.listens:
        if listening.event not in fact_fields:
            yield f"{_WAITS_FOR_NO_FACT}{listening.event}"
            continue
        for name in sorted(set(listening.match) - set(fact_fields[listening.event])):
            yield f"matches {name}, which {listening.event} lacks"
    for name in sorted(_fact_names(procedure) - fields) if fields else ():
        yield f"uses $fact.{name}, which {trigger.event} lacks"
    for step in procedure.steps:
        calls = [(step.call, step.with_)] if step.call else []
        calls += [(c.call, c.with_) for c in step.on_fail if c.call]
        for name, with_ in calls:
            yield from _call(step.id, name, with_, verbs)


def _fact_names(procedure: Procedure) -> set[str]:
    values: list[object] = [procedure.subject_id]
    if procedure.closes_on:
        values.append(dict(procedure.closes_on.match))
    for step in procedure.steps:
        values += [step.when, step.stop_if, step.with_, step.repeat_for]
        if step.evidence and step.evidence.fact:
            values.append(dict(step.evidence.fact.match))
    names = set()
    for reference in conditions.references([v for v in values if v is not None]):
        root, *path = reference[1:].split(".")
        if root == "fact" and path:
            names.add(path[0])
    return names


def _call(step_id: str, name: str, with_: Mapping[str, object], verbs: Shapes) -> Iterator[str]:
    if name not in verbs:
        yield f"step {step_id} calls {name}, which does not exist"
        return
    arguments = verbs[name]
    for given in sorted(set(with_) - set(arguments) - {"at"}):
        yield f"step {step_id}: {name} takes no {given}"
    for needed in sorted(k for k, must in arguments.items() if must and k not in with_):
        yield f"step {step_id}: {name} needs {needed}"
