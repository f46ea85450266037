"""Walk through a procedure of the handbook on the phone, step by step, as a person does."""

import random
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World


def draw(page: Page, canvas: Locator) -> None:
    """Put a stroke of the pen into a box to sign in."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120, steps=8)
    page.mouse.up()


def walk(
    page: Page, slug: str, answers: Mapping[str, str], photo: FilePayload, *, until: str = ""
) -> int:
    """Do each open step of a procedure with its proof, up to step `until`; how many were done.

    `answers` holds what to choose, read or write at a step; a choice not named takes its first.
    """
    run = page.locator(f"[data-run={slug}]")
    count = 0
    while (line := run.locator(".check", has=page.locator(".check-proof .btn")).first).is_visible():
        step_id = line.get_attribute("data-step") or ""
        if step_id == until:
            return count
        done = run.locator(".check-done").count()
        _prove(page, line, answers.get(step_id, ""), photo)
        expect(run.locator(".check-done")).to_have_count(done + 1)
        count += 1
    return count


def _prove(page: Page, line: Locator, answer: str, photo: FilePayload) -> None:
    proof = line.locator(".check-proof")
    if proof.locator(".choices").count():
        named = proof.get_by_role("button", name=answer, exact=True)
        (named if answer else proof.get_by_role("button").first).click()
    elif proof.locator("canvas").count():
        draw(page, proof.locator("canvas"))
        proof.locator("[data-keep]").click()
    elif proof.locator("[data-step-view]").count():
        proof.locator("[data-step-view]").set_input_files(photo)
    elif proof.locator("input[type=file]").count():
        label = proof.locator("label.photo")
        while not proof.locator("> .btn-primary").count():
            before = label.inner_text()
            proof.locator("input[type=file]").set_input_files(photo)
            expect(label).not_to_have_text(before)
        proof.locator("> .btn-primary").click()
    else:
        if field := proof.locator("input, textarea").all():
            field[0].fill(answer)
        proof.get_by_role("button").click()


def _condition(pick: random.Random, depth: int = 0) -> dict[str, Any]:
    if depth < 3 and pick.random() < 0.4:
        join = pick.choice(conditions.JOINS)
        inner = [_condition(pick, depth + 1) for _ in range(pick.randint(1, 3))]
        return {join: inner[0] if join == "not" else inner}
    operator = pick.choice(conditions.COMPARISONS)
    name: Any = pick.choice(("a", "b", "c", "$steps.a", "$param.p", "$fact.f"))
    if pick.random() < 0.3:
        name = {pick.choice(conditions.GATHERERS): pick.choice(("a", "b", "c"))}
    known = ("1", "01", "1.0", "没有", 3, 2.5, "12", "$param.p", "$steps.b", "$fact.none", True)
    values: Any = pick.sample(known, 3) if operator == "in" else pick.choice(known)
    return {operator: [name, values]}


def judges_as_the_server(page: Page) -> None:
    """A condition holds on the phone exactly where it holds on the server."""
    pick = random.Random(20261122)
    values: tuple[Any, ...] = (
        "1",
        "01",
        "1.0",
        "没有",
        "12",
        "2.5",
        True,
        None,
        ["2", "9"],
        ["没有", "1.0"],
        [],
    )
    cases, wanted = [], []
    for _ in range(600):
        steps = {name: pick.choice(values) for name in "abc"}
        world = World(steps=steps, param={"p": pick.choice((3, "1.0", "没有"))}, fact={"f": "12"})
        condition = _condition(pick)
        wanted.append(conditions.holds(condition, world))
        cases.append([conditions.grounded(condition, world), steps])
    found = page.evaluate(
        "async (cases) => { const [address] = performance.getEntriesByType('resource')"
        ".map((entry) => entry.name).filter((name) => /field\\/walk\\./.test(name));"
        " const { holds } = await import(address);"
        " return cases.map(([condition, known]) => holds(condition, known)); }",
        cases,
    )
    assert [
        case for case, one, other in zip(cases, found, wanted, strict=True) if one != other
    ] == []
    assert 100 < sum(wanted) < 500
