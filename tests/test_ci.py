"""What other programs read: data on standard output, SARIF, annotations."""

import json
import subprocess
from typing import Literal

import msgspec
import pytest
from command import ARCH, PROJECT, call, contents

pytestmark = pytest.mark.usefixtures("settled")


# SARIF 2.1.0: the parts of its schema that are used, with what it requires of each (docs.oasis-open.org, sarif-schema-2.1.0.json).


class Strict(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    pass


class Text(Strict):
    text: str


class Artifact(Strict):
    uri: str
    uri_base_id: str


class Region(Strict):
    start_line: int
    start_column: int = 1
    end_line: int = 0
    end_column: int = 0


class Physical(Strict):
    artifact_location: Artifact
    region: Region


class Location(Strict):
    physical_location: Physical


class Replacement(Strict):
    deleted_region: Region
    inserted_content: Text


class Change(Strict):
    artifact_location: Artifact
    replacements: list[Replacement]


class Fix(Strict):
    description: Text
    artifact_changes: list[Change]


class Result(Strict):
    rule_id: str
    rule_index: int
    level: Literal["none", "note", "warning", "error"]
    message: Text
    locations: list[Location] = []
    fixes: list[Fix] = []


class Rule(Strict):
    id: str
    short_description: Text
    full_description: Text | None = None


class Driver(Strict):
    name: str
    version: str
    rules: list[Rule]


class Tool(Strict):
    driver: Driver


class Automation(Strict):
    id: str


class Run(Strict):
    tool: Tool
    column_kind: Literal["utf16CodeUnits", "unicodeCodePoints"]
    automation_details: Automation
    results: list[Result]


class Log(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal["2.1.0"]
    runs: list[Run]
    schema: str = msgspec.field(name="$schema")


def fixed(before, changes):
    """Texts of files with replacements carried out, by lines and UTF-16 columns."""
    after = dict(before)
    for path, replacements in changes.items():
        lines = after.get(path, "").splitlines(keepends=True) or [""]
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        text, parts, position = "".join(lines), [], 0
        for each in sorted(replacements, key=lambda r: (r.deleted_region.start_line, r.deleted_region.start_column)):
            region = each.deleted_region
            start, end = (starts[line - 1] + column - 1 for line, column in ((region.start_line, region.start_column), (region.end_line, region.end_column)))
            parts += text[position:start], each.inserted_content.text
            position = end
        after[path] = "".join((*parts, text[position:]))
    return after


def test_sarif_holds_the_port(tree, tmp_path):
    assert call("run", tree, "--check", "--sarif", tmp_path / "log.sarif").code == 1
    log = msgspec.json.decode((tmp_path / "log.sarif").read_bytes(), type=Log)
    run = log.runs[0]
    names = [rule.id for rule in run.tool.driver.rules]
    assert len(set(names)) == len(names)
    assert all(names[each.rule_index] == each.rule_id for each in run.results)
    assert all(each.locations[0].physical_location.region.start_line > 0 for each in run.results)
    changes = {}
    for result in run.results:
        for change in result.fixes[0].artifact_changes:
            changes.setdefault(change.artifact_location.uri, []).extend(change.replacements)
    before = {path: data.decode() for path, data in contents(tree).items() if isinstance(data, bytes)}
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    planned = {path: data.decode() for path, data in contents(tmp_path / "out").items() if isinstance(data, bytes)}
    assert planned.keys() == changes.keys()
    after = fixed(before, changes)
    assert [path for path in planned if after[path] != planned[path]] == []


def test_a_port_that_is_whole_leaves_nothing_to_say(tree, tmp_path):
    call("run", tree)
    assert call("run", tree, "--check", "--sarif", tmp_path / "log.sarif", "--annotate").code == 0
    assert msgspec.json.decode((tmp_path / "log.sarif").read_bytes(), type=Log).runs[0].results == []
    assert "::error" not in call("run", tree, "--check", "--annotate").out


def test_paths_are_from_the_top_of_the_workspace_there(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tree.parent))
    assert call("run", tree, "--check", "--sarif", tmp_path / "log.sarif").code == 1
    results = msgspec.json.decode((tmp_path / "log.sarif").read_bytes(), type=Log).runs[0].results
    assert results
    for each in results:
        assert each.locations[0].physical_location.artifact_location.uri.startswith("tree/src/")
        assert all(change.artifact_location.uri.startswith("tree/src/") for fix in each.fixes for change in fix.artifact_changes)


def test_every_result_has_a_place(tree, tmp_path):
    """GitHub turns down a log in which one has none."""
    (tree / "src" / "llama-hparams.cpp").unlink()
    (tree / "src" / "llama-vocab.cpp").write_text("")
    assert call("run", tree, "--check", "--sarif", tmp_path / "log.sarif").code == 4
    results = msgspec.json.decode((tmp_path / "log.sarif").read_bytes(), type=Log).runs[0].results
    assert results
    assert all(each.locations for each in results)


def test_annotations(tree, monkeypatch):
    (tree / "src" / "llama-hparams.cpp").unlink()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tree.parent))
    assert "::" not in call("run", tree, "--check").out.replace("llama_", "")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = call("run", tree, "--check")
    lines = [line for line in result.out.splitlines() if line.startswith("::")]
    assert result.code == 4
    assert "::error file=tree/src/llama-hparams.cpp,line=1,title=gemma4%3A heads.cache-width::" in "\n".join(lines)
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)


# Data on standard output.


@pytest.mark.parametrize(("option", "start"), [("--json", "{"), ("--sarif", "{"), ("--patch", "diff --git a/")])
def test_a_dash_is_standard_output(tree, option, start):
    result = call("run", tree, "--dry-run", option, "-")
    assert result.code == 0
    assert result.out.startswith(start)
    assert "syntax verified" in result.err
    if option == "--patch":
        done = subprocess.run(["git", "apply", "--check", "-"], cwd=tree, input=result.out, text=True, check=False)
        assert done.returncode == 0
    else:
        json.loads(result.out)


def test_two_cannot_have_standard_output(tree):
    result = call("run", tree, "--json", "-", "--sarif", "-")
    assert (result.code, "- is named twice" in result.err) == (2, True)


def keys(value, path=""):
    """Every key of a document, with the way to it."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from keys(each) if path != "counts" else ()
    elif isinstance(value, list):
        for each in value:
            yield from keys(each)


def test_the_schema_of_the_data_is_written_down(tree):
    page = (PROJECT / "docs" / "json.md").read_text()
    plan = json.loads(call("run", tree, "--dry-run", "--json", "-").out)
    status = json.loads(call("status", tree, "--json", "-").out)
    assert (plan["version"], status["version"], plan["arch"], status["arch"]) == (1, 1, ARCH, ARCH)
    assert status["state"] == "absent"
    assert sum(status["counts"].values()) == len(status["rules"]) == len(plan["rules"])
    assert status["next"] == f"run {tree} --arch gemma4 --dry-run"
    counts = status.pop("counts")
    assert set(counts) <= {"native", "ported", "partial", "absent", "not needed", "blocked"}
    assert [name for name in dict.fromkeys((*keys(plan), *keys(status))) if f"`{name}`" not in page] == []
