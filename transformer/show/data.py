"""The plan as JSON, by docs/json.md: sorted, without a timestamp, so that two runs are equal byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.show.lines import next_command, whole_of, word
from transformer.show.terminal import inert

if TYPE_CHECKING:
    from transformer.plan import Plan, Step
    from transformer.verdict import Verdict
    from transformer.verify import Report

VERSION = 1


def data(plan: Plan, report: Report | None) -> str:
    """The whole plan. `report` is `None` where nothing was verified."""
    document = {
        "version": VERSION,
        "pack": plan.pack.name,
        "arch": plan.pack.arch,
        "foreign": str(plan.pack.path.parent) if plan.pack.foreign else None,
        "state": plan.state,
        "fingerprint": plan.fingerprint,
        "rules": [_step(step) for step in plan.steps],
        "left": [{"rule": each.step.rule.name, "why": each.why, "where": each.where} for each in plan.left],
        "uncovered": [{"what": each.name, "why": each.value, "where": each.where} for each in plan.uncovered],
        "edits": [
            {
                "path": edit.path,
                "line": edit.line,
                "start": edit.start,
                "end": edit.end,
                "text": edit.text.decode(),
                "before": edit.before,
                "rule": edit.rule,
                "reason": edit.reason,
                "anchor": edit.anchor,
            }
            for edit in plan.edits
        ],
        "verified": _report(report),
    }
    return inert(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def status(verdict: Verdict, repo: str) -> str:
    """What `status` says."""
    plan = verdict.plan
    words = [word(step, plan) for step in plan.steps]
    document = {
        "version": VERSION,
        "pack": plan.pack.name,
        "arch": plan.pack.arch,
        "state": whole_of(plan),
        "facts": [{"name": each.name, "value": each.value, "where": each.where} for each in plan.facts],
        "rules": [{**_step(step), "word": each} for step, each in zip(plan.steps, words, strict=True)],
        "left": [{"rule": each.step.rule.name, "why": each.why, "where": each.where} for each in plan.left],
        "counts": {each: words.count(each) for each in dict.fromkeys(words)},
        "next": next_command(verdict, repo),
    }
    return inert(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def _step(step: Step) -> dict[str, object]:
    head: dict[str, object] = {"rule": step.rule.name, "makes": step.rule.makes, "required": step.rule.required}
    match step.outcome:
        case Changes(edits, done):
            return {**head, "outcome": "changes", "edits": len(edits), "done": list(done)}
        case Satisfied(where):
            return {**head, "outcome": "satisfied", "where": where}
        case NotNeeded(why):
            return {**head, "outcome": "not needed", "why": why}
        case Blocked(why, where, help):
            return {**head, "outcome": "blocked", "why": why, "where": where, "help": help}


def _report(report: Report | None) -> dict[str, object] | None:
    if report is None:
        return None
    return {
        "level": report.level,
        "passed": report.passed,
        "units": sorted(report.units),
        "pristine diagnostics": report.pristine_count,
        "findings": [{"where": f.where, "message": f.message, "severity": f.severity} for f in report.findings],
        "unchecked": [{"path": path, "why": why} for path, why in report.unchecked],
    }
