"""Every error that a user can cause or must know of: title, what happened, where, what to try, exit code."""


class TransformerError(Exception):
    """What happened (`message`), where (`file:line`, or empty), and what to try (`help`)."""

    exit_code = 70
    title = "internal error"

    def __init__(self, message: str, *, help: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.where = where


class UsageError(TransformerError):
    """The command, the tree or its state does not allow the run. Nothing was written."""

    exit_code = 2
    title = "cannot run here"


class AnchorError(TransformerError):
    """A place that a rule needs is missing, found more than once, or does not parse."""

    exit_code = 4
    title = "anchor"


class ConflictError(TransformerError):
    """Two edits whose order would matter."""

    exit_code = 4
    title = "conflict"


class TemplateError(TransformerError):
    """A template asks for something that this fork cannot give."""

    exit_code = 4
    title = "template"


class PackError(TransformerError):
    """A pack is malformed: its spec, its rules or its templates."""

    exit_code = 2
    title = "pack"


class VerifyError(TransformerError):
    """The planned tree did not pass verification. Nothing was written."""

    exit_code = 5
    title = "verification"


class NoCompiler(TransformerError):
    """No C++ compiler is there to lend its builtin headers, or to build with."""

    exit_code = 5
    title = "verification"


class Interrupted(TransformerError):
    """The run was stopped while writing; what had been written was taken back."""

    exit_code = 70
    title = "interrupted"
