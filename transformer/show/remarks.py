"""What is to be said of places in a tree: the lines that machines read, as SARIF and as annotations of GitHub."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from transformer import __version__
from transformer.outcome import Blocked
from transformer.show.terminal import inert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformer.cpp import Source
    from transformer.edit import Edit
    from transformer.plan import Plan
    from transformer.verify import Report

_PLACE = re.compile(r"(.+?)(?::(\d+))?(?::\d+)?")
_NO_RULE = "verification"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a place. A rule that lacks says with which edits it is mended."""

    level: Literal["error", "warning"]
    rule: str
    text: str
    path: str
    line: int
    edits: tuple[Edit, ...] = ()


def remarks(plan: Plan, report: Report | None) -> Iterator[Remark]:
    """Each rule that does not hold, what stands in its way, and what verification found in the planned tree."""
    for step in plan.changing:
        edits = tuple(edit for edit in plan.edits if edit.rule == step.rule.name)
        first = next((edit for edit in edits if not edit.creates), edits[0])
        text = f"does not hold: {step.rule.makes}"
        yield Remark("error" if step.rule.required else "warning", step.rule.name, text, first.path, first.line, edits)
    told = {left.step.rule.name: left for left in plan.left}
    for step in plan.steps:
        if step.rule.name in told:
            left = told[step.rule.name]
            yield _placed("warning", step.rule.name, f"{step.rule.makes}: left, {left.why}", left.where)
        elif isinstance(step.outcome, Blocked):
            level: Literal["error", "warning"] = "error" if step.rule.required else "warning"
            text = f"{step.rule.makes}: blocked, {step.outcome.why}"
            yield _placed(level, step.rule.name, text, step.outcome.where)
    for finding in report.findings if report is not None else ():
        yield _placed("error", finding.origin.rule if finding.origin else _NO_RULE, finding.message, finding.where)


def _placed(level: Literal["error", "warning"], rule: str, text: str, where: str) -> Remark:
    found = _PLACE.fullmatch(where)
    return Remark(level, rule, text, found[1] if found else "", int(found[2] or 1) if found else 1)


# annotations


def annotated(plan: Plan, report: Report | None, repo: Path) -> Iterator[str]:
    """A line for each remark, as workflows of GitHub read them. Paths are from the top of the workspace."""
    below = _below(repo, os.environ.get("GITHUB_WORKSPACE") or os.getcwd())
    for each in remarks(plan, report):
        path = os.path.normpath(os.path.join(below, each.path))
        place = f"file={_property(path)},line={each.line}," if each.path else ""
        yield f"::{each.level} {place}title={_property(f'{plan.pack.arch}: {each.rule}')}::{_escaped(each.text)}"


def _below(repo: Path, top: str) -> str:
    """Where a tree lies below a folder; the folder itself where it does not."""
    found = os.path.relpath(repo.resolve(), os.path.realpath(top))
    return "" if found == "." or found.startswith("..") else found


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


# SARIF


def sarif(plan: Plan, report: Report | None, repo: Path) -> str:
    """The remarks as SARIF 2.1.0, each rule with the edits that mend it.

    Paths are from the tree's root; in a workflow of GitHub from the top of the workspace, which is where it looks.
    """
    top = os.environ.get("GITHUB_WORKSPACE")
    below = _below(repo, top) if top else ""
    anywhere = next((source.path for source in plan.before.seen()), "")  # GitHub takes no result without a place
    found = [replace(each, path=each.path or anywhere) for each in remarks(plan, report)]
    named = {each.rule for each in found}
    rules = [_rule(step.rule.name, step.rule.makes, step.rule.guide) for step in plan.steps if step.rule.name in named]
    if _NO_RULE in named:
        rules.append(_rule(_NO_RULE, "the planned tree has no diagnostic that the tree does not have", ""))
    driver = {"name": "transformer", "version": __version__, "rules": rules}
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "automationDetails": {"id": f"transformer/{plan.pack.arch}/"},
        "results": [_result(plan, each, index[each.rule], below) for each in found],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return inert(json.dumps(log, indent=1, ensure_ascii=False)) + "\n"


def _rule(name: str, makes: str, guide: str) -> dict[str, object]:
    more = {"fullDescription": {"text": " ".join(guide.split())}} if guide else {}
    return {"id": name, "shortDescription": {"text": makes}, **more}


def _result(plan: Plan, remark: Remark, index: int, below: str) -> dict[str, object]:
    result: dict[str, object] = {"ruleId": remark.rule, "ruleIndex": index, "level": remark.level}
    result["message"] = {"text": remark.text}
    if remark.path:
        place = {"artifactLocation": _artifact(remark.path, below), "region": {"startLine": remark.line}}
        result["locations"] = [{"physicalLocation": place}]
    if remark.edits:
        paths = dict.fromkeys(edit.path for edit in remark.edits)
        changes = [_change(plan, path, remark.edits, below) for path in paths]
        description = {"text": f"make it true that {remark.text.partition(': ')[2]}"}
        result["fixes"] = [{"description": description, "artifactChanges": changes}]
    return result


def _artifact(path: str, below: str) -> dict[str, str]:
    return {"uri": quote(f"{below}/{path}" if below else path), "uriBaseId": "%SRCROOT%"}


def _change(plan: Plan, path: str, edits: tuple[Edit, ...], below: str) -> dict[str, object]:
    source = plan.before.source(path) if plan.before.exists(path) else None
    replacements = [
        {"deletedRegion": _region(source, edit), "insertedContent": {"text": edit.text.decode()}}
        for edit in edits
        if edit.path == path
    ]
    return {"artifactLocation": _artifact(path, below), "replacements": replacements}


def _region(source: Source | None, edit: Edit) -> dict[str, int]:
    """The text that an edit takes away, from 1; of a new file, its beginning."""
    start = _point(source, edit.start) if source is not None else (1, 1)
    end = _point(source, edit.end) if source is not None else (1, 1)
    return {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}


def _point(source: Source, offset: int) -> tuple[int, int]:
    before = source.data[source.line_start(offset) : offset].decode()
    return source.line(offset), len(before.encode("utf-16-le")) // 2 + 1
