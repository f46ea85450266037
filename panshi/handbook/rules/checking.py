"""What must be true of the files before an edition may be released, one finding a line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from panshi.handbook.rules import conditions, likeness, parameters, playbooks, texts, walking
from panshi.handbook.rules.procedure import FILE_KINDS, ContentFault, Fault, Procedure, Rule
from panshi.handbook.rules.texts import NodeDocument, Outline, OutlineNode

MAX_PHOTOS: Final = 12
CASE: Final = 300
_LEAST: Final = {
    1: {"what": 80, "why": 100, "how": 300, "clauses": 4, "steps": 5, "questions": 4},
    2: {"what": 50, "why": 60, "how": 150, "clauses": 2, "steps": 3, "questions": 2},
}
LEAST_KINDS: Final = 2
_PLACEHOLDER: Final = re.compile(r"待补|待写|TODO|TBD|xxx|XXX|……待|此处填写|lorem", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong: where it stands, in words what, and which rule it breaks."""

    place: str
    words: str
    rule: Rule = Rule.FORM

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


def findings_of(place: str, faults: Iterable[Fault]) -> list[Finding]:
    return [Finding(place, fault.words, fault.rule) for fault in faults]


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
            findings=tuple(findings_of("content", fault.faults)),
            documents={},
            outline=outline,
        )
    for slug in texts.twice([n.slug for n in outline.nodes]):
        findings.append(Finding("outline.yaml", f"slug {slug} stands twice", Rule.OUTLINE))
    for name, row in params.items():
        findings += [
            Finding("params.yaml", words, Rule.PARAMETER)
            for words in parameters.problems(name, row)
        ]
    findings += _playbooks(root, {n.slug for n in outline.nodes}, roles)
    by_slug = outline.by_slug()
    documents: dict[str, NodeDocument] = {}
    for folder, files in sorted(folders.items()):
        try:
            document = texts.document_of(files)
        except ContentFault as fault:
            findings += findings_of(folder, fault.faults)
            continue
        node = by_slug.get(document.text.slug)
        if node is None:
            words = f"the outline has no node {document.text.slug}"
            findings.append(Finding(folder, words, Rule.OUTLINE))
            continue
        documents[document.text.slug] = document
        values = {name: row.get("value") for name, row in params.items()}
        faults = _node_findings(folder, node, document, roles, values, set(by_slug))
        findings += findings_of(folder, faults)
    roles_zh = [r["zh"] for r in texts.load_yaml(root["roles.yaml"], "roles.yaml")["roles"]]
    mould = likeness.Mould([*(n.zh for n in outline.nodes), *roles_zh])
    for slug, likeness_fault in likeness.faults(documents, mould):
        findings += findings_of(slug, [likeness_fault])
    return Report(findings=tuple(sorted(findings)), documents=documents, outline=outline)


def _playbooks(root: Mapping[str, str], slugs: set[str], roles: set[str]) -> Iterator[Finding]:
    for name in sorted(n for n in root if n.startswith("playbooks/")):
        try:
            read = playbooks.playbook_of(texts.load_yaml(root[name], name))
        except ContentFault as fault:
            yield from findings_of(name, fault.faults)
            continue
        yield from (Finding(name, words) for words in playbooks.problems(read, slugs, roles))


def _node_findings(
    folder: str,
    node: OutlineNode,
    document: NodeDocument,
    roles: set[str],
    params: Mapping[str, object],
    slugs: set[str],
) -> Iterator[Fault]:
    text = document.text
    if folder != f"{node.code}-{node.slug}":
        yield Fault(f"the folder must be called {node.code}-{node.slug}", Rule.OUTLINE)
    for name in ("code", "zh", "en", "owner_role"):
        if getattr(text, name) != getattr(node, name):
            said, meant = getattr(text, name), getattr(node, name)
            yield Fault(f"node.md: {name} “{said}” is “{meant}” in the outline", Rule.OUTLINE)
    yield from _sizes(node, document)
    yield from _trigger(node, document.procedure)
    yield from _procedure(document.procedure, roles, params, slugs)
    yield from _quiz(node, document)
    found = walking.walk(document.procedure, params)
    for step_id in found.unreached:
        yield Fault(f"sop.yaml: step {step_id} is never reached", Rule.UNREACHED)
    for step_id in found.stuck:
        yield Fault(f"sop.yaml: a run can get stuck before step {step_id}", Rule.STUCK)


def _sizes(node: OutlineNode, document: NodeDocument) -> Iterator[Fault]:
    least = _LEAST[node.level]
    for name in ("what", "why", "how"):
        length = len(re.sub(r"\s", "", getattr(document.text, name)))
        if length < least[name]:
            yield Fault(
                f"node.md: {name} has {length} characters, at least {least[name]}", Rule.SHORT
            )
    for name, count in (
        ("clauses", len(document.clauses)),
        ("steps", len(document.procedure.steps)),
        ("questions", len(document.questions)),
    ):
        if count < least[name]:
            yield Fault(f"{count} {name}, at least {least[name]}", Rule.SHORT)
    if node.level == 1 and not any(len(c.text) >= CASE for c in document.cases):
        yield Fault(f"cases: none has {CASE} characters", Rule.SHORT)
    kinds = {s.evidence.kind for s in document.procedure.steps if s.evidence}
    if node.level == 1 and len(kinds) < LEAST_KINDS:
        yield Fault(
            f"sop.yaml: {len(kinds)} kinds of evidence, at least {LEAST_KINDS}", Rule.EVIDENCE
        )
    for name, words in (
        ("node.md", document.text.what + document.text.why + document.text.how),
        ("policy.md", "".join(document.clauses.values())),
        *((c.name, c.text) for c in document.cases),
    ):
        if match := _PLACEHOLDER.search(words):
            yield Fault(f"{name}: “{match[0]}” is a placeholder", Rule.PLACEHOLDER)


def _trigger(node: OutlineNode, procedure: Procedure) -> Iterator[Fault]:
    trigger, listed = procedure.trigger, node.trigger
    if trigger.kind == "manual" and listed["kind"] == "event":
        if trigger.planned != listed["event"]:
            yield Fault(
                f"sop.yaml: must say “planned: {listed['event']}”, as the outline does",
                Rule.OUTLINE,
            )
        return
    for name in ("kind", "event", "every", "each", "where"):
        said, meant = getattr(trigger, name) or None, listed.get(name)
        if said != meant:
            yield Fault(
                f"sop.yaml: trigger {name} is {said!r}, in the outline {meant!r}", Rule.OUTLINE
            )


def _procedure(
    procedure: Procedure, roles: set[str], params: Mapping[str, object], slugs: set[str]
) -> Iterator[Fault]:
    named = {
        procedure.owner_role,
        *(s.role for s in procedure.steps if s.role),
        *(r.to for r in procedure.escalate if r.to != "owner"),
    }
    for role in sorted(named - roles):
        yield Fault(f"sop.yaml: there is no role {role}", Rule.ROLE)
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
                yield Fault(
                    f"sop.yaml: step {step.id} uses {reference}, which params.yaml lacks",
                    Rule.PARAMETER,
                )
        for consequence in step.on_fail:
            if consequence.start and consequence.start not in slugs:
                yield Fault(
                    f"sop.yaml: step {step.id} starts {consequence.start}, no such node", Rule.NODE
                )
    if photos > MAX_PHOTOS:
        yield Fault(
            f"sop.yaml: asks {photos} pictures of one run, at most {MAX_PHOTOS}", Rule.PICTURES
        )


def _quiz(node: OutlineNode, document: NodeDocument) -> Iterator[Fault]:
    ids = {s.id for s in document.procedure.steps}
    for number, question in enumerate(document.questions, 1):
        if question.step and question.step not in ids:
            yield Fault(f"quiz.yaml: question {number} names no step: {question.step}", Rule.CITED)
        if question.clause is not None and question.clause not in document.clauses:
            yield Fault(
                f"quiz.yaml: question {number} names no clause: {question.clause}", Rule.CITED
            )
    for step in document.procedure.steps:
        if step.clause is not None and step.clause not in document.clauses:
            yield Fault(
                f"sop.yaml: step {step.id} names clause {step.clause}, which does not exist",
                Rule.CITED,
            )
    if node.level == 1 and not any(q.kind == "situation" for q in document.questions):
        yield Fault("quiz.yaml: has no question of kind situation", Rule.PART)


Shapes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Registry:
    """What procedures may name, wherever in the house it was made.

    `facts` gives per fact its fields, each with the fields of its items (or nothing); `verbs`
    gives per verb its arguments, each with whether it must be given.
    """

    facts: Shapes
    verbs: Shapes


def check_registry(documents: Mapping[str, NodeDocument], registry: Registry) -> list[Finding]:
    """Compare the written procedures with the facts and verbs that exist."""
    found: list[Finding] = []
    for slug, document in documents.items():
        found += findings_of(slug, _bindings(document.procedure, registry.facts, registry.verbs))
        found += findings_of(slug, _starts(document, documents, registry.facts))
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
) -> Iterator[Fault]:
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
                    yield Fault(
                        f"step {step.id} starts {consequence.start}, whose step {one.id} needs"
                        f" $fact.{lacking[0]}: give it by “with”",
                        Rule.FIELD,
                    )


def _bindings(procedure: Procedure, fact_fields: Shapes, verbs: Shapes) -> Iterator[Fault]:
    trigger = procedure.trigger
    if trigger.planned and trigger.planned in fact_fields:
        yield Fault(f"{trigger.planned} exists now: bind the node to it", Rule.OUTLINE)
    if trigger.event and trigger.event not in fact_fields:
        yield Fault(
            f"no fact {trigger.event}: say “kind: manual, planned: {trigger.event}”", Rule.FACT
        )
    fields: set[str] = set()
    if trigger.event in fact_fields:
        shape = fact_fields[trigger.event]
        fields = set(shape)
        if trigger.each:
            if trigger.each not in shape:
                yield Fault(f"{trigger.event} has no field {trigger.each}", Rule.FIELD)
            fields |= set(shape.get(trigger.each) or ())
        for name in sorted(set(conditions.names(trigger.where)) - fields):
            yield Fault(f"the condition asks {name}, which {trigger.event} lacks", Rule.FIELD)
    for listening in procedure.listens:
        if listening.event not in fact_fields:
            yield Fault(f"waits for no fact: {listening.event}", Rule.FACT)
            continue
        for name in sorted(set(listening.match) - set(fact_fields[listening.event])):
            yield Fault(f"matches {name}, which {listening.event} lacks", Rule.FIELD)
    for name in sorted(_fact_names(procedure) - fields) if fields else ():
        yield Fault(f"uses $fact.{name}, which {trigger.event} lacks", Rule.FIELD)
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


def _call(step_id: str, name: str, with_: Mapping[str, object], verbs: Shapes) -> Iterator[Fault]:
    if name not in verbs:
        yield Fault(f"step {step_id} calls {name}, which does not exist", Rule.VERB)
        return
    arguments = verbs[name]
    for given in sorted(set(with_) - set(arguments) - {"at"}):
        yield Fault(f"step {step_id}: {name} takes no {given}", Rule.VERB)
    for needed in sorted(k for k, must in arguments.items() if must and k not in with_):
        yield Fault(f"step {step_id}: {name} needs {needed}", Rule.VERB)
