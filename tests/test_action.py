"""The action and the hook, step by step as a runner of GitHub and pre-commit take them."""

import os
import re
import shutil
import subprocess
import sys

import msgspec
import pytest
import yaml
from command import ARCH, PROJECT, call, contents, replace, repository
from test_ci import Log

pytestmark = pytest.mark.usefixtures("settled")


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """What a step of a composite action may have, of what is used; `shell` is required where something is run."""

    name: str
    shell: str
    run: str
    env: dict[str, str] = {}


class Input(msgspec.Struct, forbid_unknown_fields=True):
    description: str
    default: str
    required: bool = False


class Runs(msgspec.Struct, forbid_unknown_fields=True):
    using: str
    steps: list[Step]


class Action(msgspec.Struct, forbid_unknown_fields=True):
    """Metadata of an action, as docs.github.com has it under "Metadata syntax"."""

    name: str
    description: str
    inputs: dict[str, Input]
    runs: Runs


ACTION = msgspec.convert(yaml.safe_load((PROJECT / "action.yml").read_text()), Action)
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]
"""How a runner starts a step with `shell: bash`."""


class Runner:
    """A job: folders with blanks in their names, the fork below the workspace, and nothing of ours in the environment."""

    def __init__(self, folder, *, programs=None):
        self.workspace, self.temp, self.home = folder / "work space", folder / "temp folder", folder / "the action"
        self.workspace.mkdir()
        self.temp.mkdir()
        self.home.symlink_to(PROJECT)
        self.path = os.environ["PATH"] if programs is None else f"{programs}:/usr/bin:/bin"
        self.log = folder / "log"

    def step(self, number, **inputs):
        step = ACTION.runs.steps[number]
        given = {name: each.default for name, each in ACTION.inputs.items()} | inputs
        env = {name: given[text.removeprefix("${{ inputs.").removesuffix(" }}")] for name, text in step.env.items()}
        script = self.temp / f"{number}.sh"
        script.write_text(step.run)
        runner = {"GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(self.home), "GITHUB_WORKSPACE": str(self.workspace), "RUNNER_TEMP": str(self.temp)}
        kept = {name: os.environ[name] for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "PIP_INDEX_URL", "PIP_CONFIG_FILE") if name in os.environ}
        words = [*BASH, str(script)]
        return subprocess.run(words, cwd=self.workspace, env={**kept, "PATH": self.path, **runner, **env}, capture_output=True, text=True, check=False)


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def runner(tmp_path, tree):
    """A runner whose Python makes environments out of the one that runs the tests, and notes what pip is asked."""
    programs = tmp_path / "programs"
    made = f'#!/bin/sh\nif [ "$2" = pip ]; then echo "$@" >> "{tmp_path}/log"; else exec "{sys.executable}" "$@"; fi\n'
    (tmp_path / "made").write_text(made)
    venv = f'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "{tmp_path}/made" "$3/bin/python"; chmod +x "$3/bin/python"; else exec "{sys.executable}" "$@"; fi'
    program(programs / "python3.12", venv)
    program(programs / "python3", "exit 1")  # one that is too old
    found = Runner(tmp_path, programs=programs)
    shutil.move(tree, found.workspace / "the fork")
    return found


def test_a_job_from_the_first_step_to_the_last(runner):
    fork, inputs = runner.workspace / "the fork", {"arch": ARCH, "tree": "the fork", "sarif": "port of ours.sarif"}
    installed = runner.step(0)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert f"--require-hashes -r {runner.home}/requirements/run.txt" in runner.log.read_text()
    assert call("run", fork).code == 0
    before = contents(fork)
    whole = runner.step(1, **inputs)
    assert (whole.returncode, "::error" in whole.stdout) == (0, False), whole.stdout + whole.stderr
    log = runner.workspace / "port of ours.sarif"
    assert msgspec.json.decode(log.read_bytes(), type=Log).runs[0].results == []
    log.unlink()

    names = fork / "src" / "llama-arch.cpp"
    replace(names, next(line for line in names.read_text().splitlines(keepends=True) if '"gemma4"' in line), "")
    broken = runner.step(1, **inputs)
    assert broken.returncode == 1, broken.stderr
    assert "::error file=the fork/src/llama-arch.cpp,line=" in broken.stdout
    (result,) = msgspec.json.decode(log.read_bytes(), type=Log).runs[0].results
    assert result.locations[0].physical_location.artifact_location.uri == "the%20fork/src/llama-arch.cpp"
    after = contents(fork)
    assert {path for path in after if after[path] != before[path]} == {"src/llama-arch.cpp"}


def test_without_a_python_that_will_do_the_step_says_what_to_put_before_it(tmp_path):
    for name in ("python3", *(f"python3.{minor}" for minor in (11, 12, 13, 14))):
        program(tmp_path / "programs" / name, "exit 1")
    done = Runner(tmp_path, programs=tmp_path / "programs").step(0)
    assert (done.returncode, "::error title=llama-fork-transformer::Python 3.11 or newer is needed" in done.stdout) == (2, True)


def test_what_the_action_is_made_of():
    """Nothing of a workflow becomes part of a script, and no other action takes part: there is nothing to pin."""
    assert ACTION.runs.using == "composite"
    for step in ACTION.runs.steps:
        assert (step.shell, "${{" in step.run) == ("bash", False)
        done = subprocess.run(["bash", "-n", "-c", step.run], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert {text.removeprefix("${{ inputs.").removesuffix(" }}") for text in step.env.values()} <= ACTION.inputs.keys()


def test_the_hook_says_whether_a_port_is_whole(tree, tmp_path):
    (hook,) = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    repository(tree)
    program(tmp_path / "hook" / "bin" / "llama-fork-transformer", f'exec "{sys.executable}" -m transformer "$@"')
    words = [*hook["entry"].split(), "--arch", ARCH]
    env = {**os.environ, "PATH": f"{tmp_path / 'hook' / 'bin'}:{os.environ['PATH']}"}
    assert subprocess.run(words, cwd=tree, env=env, capture_output=True, check=False).returncode == 1
    assert call("run", tree).code == 0
    assert subprocess.run(words, cwd=tree, env=env, capture_output=True, check=False).returncode == 0


@pytest.mark.real
def test_a_job_with_the_packages_from_the_registry(tmp_path, tree):
    found = Runner(tmp_path)
    shutil.move(tree, found.workspace / "the fork")
    assert found.step(0).returncode == 0
    assert found.step(1, arch=ARCH, tree="the fork", verify="types").returncode == 1
    assert call("run", found.workspace / "the fork").code == 0
    done = found.step(1, arch=ARCH, tree="the fork")
    assert (done.returncode, "is ported here already" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.real
def test_linters_find_nothing(tmp_path):
    """In the action, in the workflow that docs/ci.md shows, and in the hook, and something where there is something."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / "bin"
    subprocess.run([programs / "pip", "install", "-q", "check-jsonschema>=0.30,<1", "zizmor>=1.20,<2", "pre-commit>=4,<5"], check=True)
    shown = re.search(r"```yaml\n(on: .*?)```", (PROJECT / "docs" / "ci.md").read_text(), re.S)[1]
    workflow, broken = tmp_path / "port.yml", tmp_path / "broken.yml"
    workflow.write_text(f"name: port\n{shown}".replace("REVISION", "0" * 40))
    broken.write_text(workflow.read_text().replace("runs-on:", "run-on:").replace("0" * 40, "v1"))
    action, schema = PROJECT / "action.yml", [programs / "check-jsonschema", "--builtin-schema"]
    zizmor = [programs / "zizmor", "--offline", "--no-progress", "--collect=all"]
    checks = [
        ([*schema, "vendor.github-actions", action], True),
        ([*schema, "vendor.github-workflows", workflow], True),
        ([*schema, "vendor.github-workflows", broken], False),
        ([*zizmor, action], True),
        ([*zizmor, workflow], True),
        ([*zizmor, broken], False),
        ([programs / "pre-commit", "validate-manifest", PROJECT / ".pre-commit-hooks.yaml"], True),
    ]
    for words, good in checks:
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is good, done.stdout + done.stderr


@pytest.mark.real
def test_the_hook_by_pre_commit_itself(tmp_path, tree):
    """A clone of this checkout as pre-commit makes it, and a commit that takes a row away."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([tmp_path / "venv" / "bin" / "pip", "install", "-q", "pre-commit>=4,<5"], check=True)
    hook = {"id": "port-is-whole", "args": ["--arch", ARCH]}
    config = {"repos": [{"repo": str(PROJECT), "rev": "HEAD", "hooks": [hook]}]}
    (tree / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    repository(tree)
    assert call("run", tree).code == 0
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "PYTHONPATH": ""}
    words = [tmp_path / "venv" / "bin" / "pre-commit", "run", "--all-files", "--verbose"]
    done = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "is ported here already" in done.stdout) == (0, True), done.stdout + done.stderr
    (tree / "src" / "models" / "gemma4-iswa.cpp").unlink()
    done = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "exit code: 1" in done.stdout) == (1, True), done.stdout + done.stderr
