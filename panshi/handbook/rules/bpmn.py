"""A procedure as BPMN 2.0 XML, for those whose tools read that; it says less than the procedure.

Conditions stand as words on the flows around a step, not as something that an engine could run.
"""

import json
from typing import Final
from xml.etree import ElementTree as Xml

from panshi.handbook.rules.procedure import Condition, Procedure, Step

_NAMESPACE: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def document_of(procedure: Procedure, *, slug: str, name: str) -> str:
    """The process of a node as a document: a task for each step, a gateway where one may be left.

    Steps of a group run between two parallel gateways; an end event stands for each thing that a
    stop starts.
    """
    Xml.register_namespace("bpmn", _NAMESPACE)
    root = _made("definitions", None, targetNamespace=f"panshi:{slug}")
    process = _made("process", root, id=slug, name=name, isExecutable="false")
    writer = _Writer(process)
    last = writer.node("startEvent", "start", _trigger(procedure))
    groups: dict[int, list[Step]] = {}
    for step in procedure.steps:
        groups.setdefault(step.group, []).append(step)
    for group, steps in groups.items():
        if len(steps) == 1:
            last = writer.step(steps[0], last)
            continue
        fork = writer.node("parallelGateway", f"fork_{group}", "")
        join = writer.node("parallelGateway", f"join_{group}", "")
        writer.flow(last, fork)
        for step in steps:
            writer.flow(writer.step(step, fork), join)
        last = join
    writer.flow(last, writer.node("endEvent", "end", ""))
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _trigger(procedure: Procedure) -> str:
    trigger = procedure.trigger
    return trigger.event or trigger.every or trigger.planned or trigger.kind


def _made(tag: str, parent: Xml.Element | None, **attributes: str) -> Xml.Element:
    given = {name: value for name, value in attributes.items() if value}
    name = f"{{{_NAMESPACE}}}{tag}"
    return Xml.Element(name, given) if parent is None else Xml.SubElement(parent, name, given)


class _Writer:
    """Adds nodes and flows to a process, each with a name of its own."""

    def __init__(self, process: Xml.Element) -> None:
        self._process = process
        self._flows = 0

    def node(self, tag: str, name: str, words: str) -> str:
        _made(tag, self._process, id=name, name=words)
        return name

    def flow(self, source: str, target: str, condition: Condition | None = None) -> None:
        self._flows += 1
        flow = _made("sequenceFlow", self._process, id=f"flow_{self._flows}", sourceRef=source,
                     targetRef=target, name=_words(condition))  # fmt: skip
        if condition is not None:
            _made("conditionExpression", flow).text = _words(condition)

    def step(self, step: Step, before: str) -> str:
        """Write a step after what comes before it; answers what the next one follows."""
        tag = "serviceTask" if step.call else "userTask"
        task = self.node(tag, f"step_{step.id}", step.zh)
        if step.when is None:
            self.flow(before, task)
        else:
            choice = self.node("exclusiveGateway", f"if_{step.id}", "")
            self.flow(before, choice)
            self.flow(choice, task, step.when)
        last = self._stop(step, task) if step.stop_if is not None else task
        if step.when is None:
            return last
        merge = self.node("exclusiveGateway", f"after_{step.id}", "")
        self.flow(last, merge)
        self.flow(f"if_{step.id}", merge, {"not": step.when})
        return merge

    def _stop(self, step: Step, task: str) -> str:
        """What may stop the run after a step, and what follows then."""
        gate = self.node("exclusiveGateway", f"stop_{step.id}", "")
        self.flow(task, gate)
        halted = self.node("intermediateThrowEvent", f"halt_{step.id}", "halt")
        self.flow(gate, halted, step.stop_if)
        for number, then in enumerate(step.on_fail):
            if then.goto:
                self.flow(halted, f"step_{then.goto}", then.when)
            else:
                words = then.start or then.call
                end = self.node("endEvent", f"fail_{step.id}_{number + 1}", words)
                self.flow(halted, end, then.when)
        return gate


def _words(condition: Condition | None) -> str:
    return "" if condition is None else json.dumps(condition, ensure_ascii=False, default=str)
