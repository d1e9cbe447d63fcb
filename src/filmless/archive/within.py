"""What a reader may see: all of an archive, or some patients and studies of it."""

from dataclasses import dataclass

__all__ = ["EVERYTHING", "Within"]


@dataclass(frozen=True, slots=True)
class Within:
    """The patients and studies that are in sight. What is not in sight does not exist for who asks.

    Attributes
    ----------
    patients
        Patient IDs; None for all.
    studies
        Study Instance UIDs; None for all.

    Notes
    -----
    With both, a study has to be of one of the patients *and* one of the studies.
    """

    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is out of sight."""
        return self.patients is None and self.studies is None

    def holds(self, patient_id: str, study_uid: str) -> bool:
        """Whether a study is in sight."""
        return (self.patients is None or patient_id in self.patients) and (
            self.studies is None or study_uid in self.studies
        )


EVERYTHING = Within()
