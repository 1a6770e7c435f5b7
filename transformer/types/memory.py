"""Which units need no compiler, as all that they see is as it was when they were judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from transformer.types.kept import Kept, Said
from transformer.types.worker import Finding, Unit, skeleton


@dataclass(slots=True)
class Memory:
    """What is known of the units of a plan before anything is parsed."""

    kept: Kept
    flags: Mapping[str, tuple[str, ...]]
    known: list[Finding] = field(default_factory=list)
    _units: dict[str, Unit] = field(default_factory=dict)

    def recall(self, units: Iterable[Unit]) -> Iterator[Unit]:
        """Those of the units that must be parsed; the findings of the others are in `known` afterwards."""
        waiting = []
        for unit in units:
            planned = self.kept.find(unit.path, self.flags[unit.path], planned=True)
            pristine = self._pristine(unit) if planned is None or planned else ()
            if planned is None or pristine is None:
                waiting.append(replace(unit, before=pristine))
            else:
                self.known.append(Finding(unit.path, planned, pristine, 0.0))
        self._units = {unit.path: unit for unit in waiting}
        return iter(waiting)

    def keep(self, findings: Iterable[Finding]) -> None:
        """Remember what was found by parsing."""
        for each in findings:
            unit = self._units.get(each.path)
            if unit is not None and each.seen is not None:
                self.kept.keep(each.path, self.flags[each.path], each.planned, each.seen, planned=True)
            if unit is not None and each.seen_before is not None:
                self.kept.keep(
                    *(each.path, self.flags[each.path], each.pristine, each.seen_before),
                    planned=False,
                    skeleton=self._skeleton(unit),
                )
        self.kept.close()

    def _pristine(self, unit: Unit) -> Said | None:
        return self.kept.find(unit.path, self.flags[unit.path], planned=False, skeleton=self._skeleton(unit))

    def _skeleton(self, unit: Unit) -> bytes | None:
        return skeleton(self.kept.sources.planned[unit.path]) if unit.new else None
