"""The files of a node, read: front matter and sections, clauses, questions, cases."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from panshi.handbook.rules import reading
from panshi.handbook.rules.figures import FIGURES
from panshi.handbook.rules.procedure import ContentFault, Fault, Procedure, Rule

SECTIONS: Final = ("是什么", "为什么", "怎么做")
# What customers may read of a node that is for them as well; no other text of the book is.
ANSWER: Final = "对客户说"
CUSTOMER: Final = "CUSTOMER"
QUESTION_KINDS: Final = ("single", "multiple", "order", "situation", "photo")
LEGAL: Final = ("pending", "verified")
_FRONT: Final = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_CLAUSE: Final = re.compile(r"(\d+)\. (.+)")
_CASE: Final = re.compile(r"# ([^\n]+)\n\n(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeText:
    """What `node.md` says.

    `answer` is what customers are told who ask about it, and `asks` how they put it.
    """

    code: str
    slug: str
    zh: str
    en: str
    summary_en: str
    owner_role: str
    audience: tuple[str, ...]
    review_every: str
    legal_check: Mapping[str, Any] | None
    what: str
    why: str
    how: str
    answer: str = ""
    answer_en: str = ""
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; `answer` holds positions in `options`, from 0.

    One about `safety`, if wrong, spoils the whole paper. A `photo` is judged by its `figure`.
    """

    kind: str
    zh: str
    options: tuple[str, ...]
    answer: tuple[int, ...]
    why: str
    step: str = ""
    clause: int | None = None
    safety: bool = False
    figure: str = ""


@dataclass(frozen=True, slots=True)
class CaseText:
    name: str
    title: str
    text: str

    @property
    def anchor(self) -> str:
        """Its place on the page of its node, which search leads to."""
        return f"case-{self.name.split('/')[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDocument:
    """A written node: all its files, read."""

    text: NodeText
    clauses: Mapping[int, str]
    procedure: Procedure
    questions: tuple[Question, ...]
    cases: tuple[CaseText, ...]


@dataclass(slots=True)
class _Faults:
    found: list[Fault] = field(default_factory=list)

    def add(self, words: str, rule: Rule = Rule.FORM) -> None:
        self.found.append(Fault(words, rule))


def load_yaml(text: str, name: str) -> Any:
    """Read YAML with the safe loader; raises ContentFault naming the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ContentFault([f"{where}: {getattr(error, 'problem', error)}"]) from error


class _Loader(yaml.CSafeLoader):
    """The safe loader, which also refuses a key that stands twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    made: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in made:
            raise yaml.constructor.ConstructorError(
                None, None, f"“{key}” stands twice", key_node.start_mark
            )
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def node_text(text: str) -> NodeText:
    """Read `node.md`; raises ContentFault."""
    match = _FRONT.fullmatch(text)
    if match is None:
        raise ContentFault(["node.md: must begin with front matter between two lines of ---"])
    front = load_yaml(match[1], "node.md")
    if not isinstance(front, dict):
        raise ContentFault(["node.md: the front matter is not a mapping"])
    faults = _Faults()
    for name in ("code", "slug", "zh", "en", "summary_en", "owner_role", "review_every"):
        if not isinstance(front.get(name), str) or not front[name]:
            faults.add(f"node.md: has no {name}")
    parts = dict.fromkeys((*SECTIONS, ANSWER), "")
    for block in match[2].split("## ")[1:]:
        title, _, body = block.partition("\n")
        if title.strip() in parts:
            parts[title.strip()] = body.strip()
        else:
            faults.add(f"node.md: unknown section “{title.strip()}”")
    audience, asks = front.get("audience") or (), front.get("asks") or ()
    told = [parts[ANSWER], front.get("answer_en") or "", *asks]
    if CUSTOMER in audience and not (all(told) and asks):
        words = f"node.md: customers read “{ANSWER}”, answer_en and asks, and one is missing"
        faults.add(words, Rule.PART)
    if CUSTOMER not in audience and any(told):
        faults.add(f"node.md: “{ANSWER}” stands in a text that is not for customers")
    for title, body in parts.items():
        if not body and title != ANSWER:
            faults.add(f"node.md: section “{title}” is missing or empty", Rule.PART)
    legal = front.get("legal_check")
    if legal is not None and (not isinstance(legal, dict) or legal.get("status") not in LEGAL):
        faults.add(f"node.md: legal_check needs status {' or '.join(LEGAL)}")
    if faults.found:
        raise ContentFault(faults.found)
    return NodeText(
        **{n: front[n] for n in ("code", "slug", "zh", "en", "summary_en", "owner_role")},
        audience=tuple(audience),
        review_every=front["review_every"],
        legal_check=legal,
        what=parts["是什么"],
        why=parts["为什么"],
        how=parts["怎么做"],
        answer=parts[ANSWER],
        answer_en=front.get("answer_en") or "",
        asks=tuple(map(str, asks)),
    )


def clauses_of(text: str) -> dict[int, str]:
    """Read `policy.md`: numbered clauses, one a line, from 1 without a gap."""
    made: dict[int, str] = {}
    faults = _Faults()
    for line in filter(str.strip, text.splitlines()):
        match = _CLAUSE.fullmatch(line)
        if match is None:
            faults.add(f"policy.md: “{line[:20]}” is not a numbered clause")
        elif int(match[1]) != len(made) + 1:
            faults.add(f"policy.md: clause {match[1]} is out of order")
        else:
            made[int(match[1])] = match[2]
    if faults.found:
        raise ContentFault(faults.found)
    return made


def _question(given: object, number: int, faults: _Faults) -> Question | None:
    if not isinstance(given, dict):
        faults.add(f"quiz.yaml: question {number} is not a mapping")
        return None
    options, answer = given.get("options"), given.get("answer")
    place = f"quiz.yaml: question {number}"
    if given.get("kind") not in QUESTION_KINDS:
        faults.add(f"{place}: kind is one of {', '.join(QUESTION_KINDS)}")
    if not isinstance(given.get("zh"), str) or not isinstance(given.get("why"), str):
        faults.add(f"{place}: needs zh and why")
    if not isinstance(options, list) or len(options) < 2:
        faults.add(f"{place}: needs at least two options")
        return None
    answers = answer if isinstance(answer, list) else [answer]
    places = [a - 1 for a in answers if isinstance(a, int) and 1 <= a <= len(options)]
    if len(places) < len(answers):
        faults.add(f"{place}: the answer names options from 1 to {len(options)}")
        return None
    if ("step" in given) == ("clause" in given):
        faults.add(f"{place}: names one step or one clause")
    figure = str(given.get("figure", ""))
    if (given.get("kind") == "photo") != bool(figure):
        faults.add(f"{place}: a photo, and nothing else, names a figure")
    elif figure and figure not in FIGURES:
        faults.add(f"{place}: figure is one of {', '.join(FIGURES)}")
    return Question(
        kind=str(given.get("kind")),
        zh=str(given.get("zh")),
        options=tuple(map(str, options)),
        answer=tuple(places),
        why=str(given.get("why")),
        step=str(given.get("step", "")),
        clause=given.get("clause"),
        safety=given.get("safety") is True,
        figure=figure,
    )


def questions_of(text: str) -> tuple[Question, ...]:
    """Read `quiz.yaml`; raises ContentFault."""
    given = load_yaml(text, "quiz.yaml")
    if not isinstance(given, dict) or given.get("schema") != "quiz/1":
        raise ContentFault(["quiz.yaml: schema must be quiz/1"])
    faults = _Faults()
    made = [_question(q, n, faults) for n, q in enumerate(given.get("questions") or [], 1)]
    if faults.found:
        raise ContentFault(faults.found)
    return tuple(q for q in made if q is not None)


def case_of(name: str, text: str) -> CaseText:
    """Read a case: a title line, an empty line, the text."""
    match = _CASE.fullmatch(text)
    if match is None:
        raise ContentFault([f"{name}: must be “# title”, an empty line, and the text"])
    return CaseText(name, match[1].strip(), match[2].strip())


def document_of(files: Mapping[str, str]) -> NodeDocument:
    """Read all files of a node; raises ContentFault with the faults of every file."""
    faults: list[Fault] = []

    def read(name: str, reader: Any) -> Any:
        if name not in files:
            faults.append(Fault(f"{name} is missing", Rule.PART))
            return None
        try:
            return reader(files[name])
        except ContentFault as fault:
            faults.extend(
                f if f.words.startswith(name.split("/")[0]) else Fault(f"{name}: {f.words}", f.rule)
                for f in fault.faults
            )
            return None

    text = read("node.md", node_text)
    clauses = read("policy.md", clauses_of)
    procedure = read("sop.yaml", lambda given: reading.procedure_of(load_yaml(given, "sop.yaml")))
    questions = read("quiz.yaml", questions_of)
    cases = [
        read(name, lambda given, name=name: case_of(name, given))
        for name in sorted(files)
        if name.startswith("cases/")
    ]
    if faults:
        raise ContentFault(faults)
    return NodeDocument(
        text=text,
        clauses=clauses,
        procedure=procedure,
        questions=questions,
        cases=tuple(cases),
    )


def needs_two(document: NodeDocument) -> bool:
    """Whether a text is about safety or law, so that two people approve it."""
    return (
        document.text.legal_check is not None
        or bool(document.procedure.certificates)
        or any(question.safety for question in document.questions)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineNode:
    """A node by name, as the outline lists it, written or not."""

    code: str
    slug: str
    zh: str
    en: str
    owner_role: str
    line: str
    category: str
    level: int
    position: int
    parent: str
    trigger: Mapping[str, Any]
    kpi: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Category:
    line: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    categories: tuple[Category, ...]
    nodes: tuple[OutlineNode, ...]

    def by_slug(self) -> dict[str, OutlineNode]:
        return {n.slug: n for n in self.nodes}


def outline_of(text: str) -> Outline:
    """Read `outline.yaml`: every node in the order of its codes, parents first."""
    given = load_yaml(text, "outline.yaml")
    categories: list[Category] = []
    nodes: list[OutlineNode] = []

    def add(row: Mapping[str, Any], category: Category, level: int, parent: str) -> None:
        nodes.append(
            OutlineNode(
                **{k: row[k] for k in ("code", "slug", "zh", "en", "owner_role", "trigger", "kpi")},
                line=category.line,
                category=category.code,
                level=level,
                position=len(nodes),
                parent=parent,
            )
        )

    try:
        for line in given["lines"]:
            for row in line["categories"]:
                category = Category(line["code"], row["code"], row["zh"], row["en"])
                categories.append(category)
                for node in row["nodes"]:
                    add(node, category, 1, "")
                    for child in node.get("children", ()):
                        add(child, category, 2, node["slug"])
    except (KeyError, TypeError) as error:
        raise ContentFault([f"outline.yaml: lacks {error}"]) from error
    return Outline(categories=tuple(categories), nodes=tuple(nodes))


def twice(values: Sequence[str]) -> list[str]:
    return sorted({v for v in values if values.count(v) > 1})
