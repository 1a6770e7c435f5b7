"""Says which seeds were taken."""

from drift.chosen import COUNT, FIRST, TYPED, roots


def pytest_terminal_summary(terminalreporter, config):
    ran = [report for report in terminalreporter.stats.get("passed", []) if "test_drift.py" in report.nodeid]
    if config.option.markexpr == "drift" and ran:
        trees = ", ".join(sorted({root.name if root.name != "tree" else root.parent.name for root in roots()}))
        terminalreporter.write_line(
            f"drift: seeds {FIRST} to {FIRST + COUNT - 1}, the first {TYPED} type-checked; trees: {trees}"
        )
