"""What is read out of a repository has a limit: none of it fills the memory, and a survey goes on behind it."""

import pytest
from command import fork, git, repository

from transformer import donor, reader
from transformer.survey.objects import Objects, TooLargeError, git_dir
from transformer.survey.run import Request, survey

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A header is larger than any source, then it is as it was. Zeros: git keeps them in little space."""
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ann")
            patch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
        root = repository(fork(tmp_path_factory.mktemp("grown") / "fork"))
        path = root / "src/llama-hparams.h"
        kept = path.read_bytes()
        for data in (kept + bytes(reader.SOURCE), kept):
            path.write_bytes(data)
            git(root, "commit", "-qam", "next")
        return root


def test_an_object_that_is_too_large_is_refused_and_the_next_one_read(grown):
    objects = Objects(git_dir(grown))
    large, small = (git(grown, "rev-parse", f"{at}:src/llama-hparams.h").strip() for at in ("HEAD~1", "HEAD"))
    with pytest.raises(TooLargeError, match=r"src/llama-hparams\.h is larger than 16 MB"):
        objects.blob(large, "src/llama-hparams.h")
    assert objects.blob(small) == (grown / "src/llama-hparams.h").read_bytes()


def test_a_survey_says_so_in_its_row(grown):
    found = survey(Request(grown, ("gemma4",), span="HEAD~2..HEAD"), lambda *_: None).surveys[0]
    assert [row.verdict.state for row in found.rows] == ["broken", "ports"]
    assert found.rows[0].verdict.why == "src/llama-hparams.h is larger than 16 MB"


def test_a_donor_is_refused(grown):
    store = donor.open_donor(f"{grown}@HEAD~1", lambda _: None).workspace
    with pytest.raises(TooLargeError, match="is larger than 16 MB"):
        store.source("src/llama-hparams.h")
