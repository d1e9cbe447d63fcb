"""`filmless archive`: what changes instances, and what takes them away."""

import time
from dataclasses import asdict
from typing import Any

import click

from filmless.cli.archive_audit import audited
from filmless.cli.archive_options import (
    archive_options,
    confirmed,
    counted,
    entries_of,
    keys_named,
    of_archive,
    opened,
    remarks,
    show,
    table,
)
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, printable, say

__all__ = ["conflicts", "delete", "edit", "originals", "prune"]

_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
_KEEP = click.option(
    "--keep-originals", is_flag=True, help="Leave what they were before they were edited, and what was set aside."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
_WHERE = click.option("--where", multiple=True, metavar="KEYWORD=VALUE", help="Instances that match; can be repeated.")


@click.command(short_help="Delete studies, series or instances for good.")
@click.argument("keys", nargs=-1, required=True, metavar="KEYWORD=VALUE...")
@_KEEP
@_YES
@_DRY_RUN
@_JSON
@archive_options
def delete(keys: tuple[str, ...], keep_originals: bool, yes: bool, dry_run: bool, as_json: bool, **place: Any) -> None:
    """Delete what matches all keys, for good: whole studies, or series and instances when a key is of theirs.

    With them goes what they were before they were edited, and what was set aside of the same UIDs.

    \b
    filmless archive delete StudyInstanceUID=1.2.3
    filmless archive delete PatientID=123 Modality=SR --dry-run
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.archive.upkeep import delete as delete_for_good
    from filmless.archive.upkeep.deleting import KeptFiles

    wanted = keys_named(keys, narrow=True)
    with opened(**of_archive(place), read_only=dry_run) as target:
        found = entries_of(target, wanted)
        studies = len({entry.study_uid for entry in found})
        size = sum(entry.size for entry in found)
        what = f"{counted(len(found), 'instance')} of {counted(studies, 'study')}, {size} bytes"
        kept = KeptFiles(target)
        beside = None if keep_originals else kept.of(entry.instance_uid for entry in found)
        more = len(beside.originals) + len(beside.conflicts) if beside else 0
        what += f", and {more} kept of them beside" if more else ""
        if dry_run:
            count = 0
        else:
            confirmed(f"delete {what}?", yes=yes)
            with audited(target, "delete") as work:
                work.studies = {entry.study_uid for entry in found}
                work.counts["deleted"] = count = (
                    target.delete(found) if keep_originals else delete_for_good(target, found, kept=kept)
                )
    if as_json:
        show({"matched": len(found), "studies": studies, "bytes": size, "kept": more, "deleted": count})
    else:
        click.echo(f"would delete {what}" if dry_run else f"{count} deleted")


@click.command(short_help="Set right what patients and studies are, or merge them.")
@click.argument("assignments", nargs=-1, metavar="[KEYWORD=VALUE]...")
@_WHERE
@click.option("--patient", metavar="ID", help="All studies of this Patient ID.")
@click.option("--study", metavar="UID", help="This study.")
@click.option("--into-patient", metavar="ID", help="Give them the patient that has this Patient ID.")
@click.option("--into-study", metavar="UID", help="Move them to this study, and to its patient.")
@click.option("--reason", type=click.Choice(["CORRECT", "COERCE"]), default="CORRECT", show_default=True)
@_YES
@_DRY_RUN
@_JSON
@archive_options
def edit(
    assignments: tuple[str, ...],
    where: tuple[str, ...],
    patient: str | None,
    study: str | None,
    into_patient: str | None,
    into_study: str | None,
    reason: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Set attributes of all instances that are selected. Their UIDs stay, and what they were is kept.

    What was changed, when and from what stands in each instance (Original Attributes Sequence); the file as it was is
    listed by `filmless archive originals`, which puts it back, too.

    \b
    filmless archive edit --study 1.2.3 PatientName=Doe^Jane PatientID=4711
    filmless archive edit --patient 123 --into-patient 4711
    filmless archive edit --study 1.2.3 --into-study 1.2.4
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.archive.upkeep import edit as edit_instances
    from filmless.archive.upkeep import merge_patients, merge_studies
    from filmless.archive.upkeep.editing import namesakes, values_of

    chosen = [*where]
    chosen += [f"PatientID={patient}"] if patient is not None else []
    chosen += [f"StudyInstanceUID={study}"] if study is not None else []
    if not chosen:
        raise Misuse("say which: --study UID, --patient ID or --where KEYWORD=VALUE")
    ways = [way for way in (assignments, into_patient, into_study) if way]
    if len(ways) != 1:
        raise Misuse("say what to do: KEYWORD=VALUE..., --into-patient ID or --into-study UID, one of them")
    keys = keys_named(chosen, narrow=True)
    values = values_of(assignments)
    with opened(**of_archive(place), read_only=dry_run) as target:
        found = entries_of(target, keys)
        _say_whom_they_join(*namesakes(target, found, values))
        if dry_run:
            click.echo(f"would edit {counted(len(found), 'instance')}")
            return
        into = None
        if into_patient or into_study:
            key = f"PatientID={into_patient}" if into_patient else f"StudyInstanceUID={into_study}"
            into = entries_of(target, keys_named([key], narrow=True), what="what they are to go into")[0]
        confirmed(f"edit {counted(len(found), 'instance')}?", yes=yes)
        operation = "edit" if into is None else "merge patients" if into_patient else "merge studies"
        with progress("editing", len(found)) as advance, audited(target, operation) as work:
            work.studies = {entry.study_uid for entry in (found if into is None else [*found, into])}
            how: dict[str, Any] = {"reason": reason, "progress": advance}
            if into is None:
                report = edit_instances(target, found, values, **how)
            else:
                report = (merge_patients if into_patient else merge_studies)(target, found, into, **how)
            work.counts |= {"edited": report.edited, "failed": len(report.failed)}
    if as_json:
        show(asdict(report))
    else:
        remarks(report.failed)
        click.echo(f"{report.edited} edited, {report.unchanged} unchanged, {len(report.failed)} failed")
    if report.failed:
        raise Failure


def _say_whom_they_join(studies: int, is_another: bool) -> None:
    if studies:
        there = f"{counted(studies, 'other study')} of the archive {'has' if studies == 1 else 'have'} this Patient ID"
        what = "under another name or birth date: one ID would be of two people" if is_another else "already"
        hint = "when they are one person, `--into-patient ID` gives them the same name, too" if is_another else None
        say(f"{there} {what}", hint)


@click.command(short_help="List, show and settle what was set aside.")
@click.argument("name", required=False)
@click.option("--resolve", "how", type=click.Choice(["keep", "take", "drop"]), help="Settle it.")
@_YES
@_JSON
@archive_options
def conflicts(name: str | None, how: Any, yes: bool, as_json: bool, **place: Any) -> None:
    """List instances that were set aside because another one of their UID was there; with NAME show the difference.

    NAME is the number of a conflict. `--resolve keep` leaves the current instance and puts the other among the
    originals, `take` exchanges them, `drop` deletes the other for good.
    """
    from filmless.archive.upkeep import conflict_named, differences, resolve

    if how and name is None:
        raise Misuse("say which: the number of a conflict")
    with opened(**of_archive(place), read_only=how is None) as target:
        if name is None:
            _list_conflicts(target, as_json=as_json)
            return
        conflict = conflict_named(target, name)
        if how:
            if how == "drop":
                confirmed("delete what was set aside?", yes=yes)
            with audited(target, f"conflicts {how}") as work:
                work.studies, work.instance = {conflict.study_uid}, conflict.instance_uid
                resolve(target, conflict, how=how)
            click.echo(f"{conflict.instance_uid}: {how}")
            return
        found = differences(target, conflict)
    if as_json:
        show([difference._asdict() for difference in found])
        return
    if not found:
        click.echo("no element differs: only how the files encode them", err=True)
    for path, current, other in found:
        click.echo(f"{path}: {_shown(current)} -> {_shown(other)}")


def _shown(text: str | None) -> str:
    return "absent" if text is None else printable(text)


def _list_conflicts(archive: Any, *, as_json: bool) -> None:
    found = list(archive.index.conflicts())
    if as_json:
        show([conflict._asdict() for conflict in found])
        return
    rows = []
    for conflict in found:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(conflict.received))
        patient = archive.index.patient_of(conflict.study_uid)
        rows.append(
            (str(conflict.id), moment, patient or "-", conflict.study_uid, conflict.instance_uid, conflict.sha256[:12])
        )
    table(("NUMBER", "RECEIVED", "PATIENT", "STUDY", "INSTANCE", "SHA-256"), rows)


@click.command(short_help="List what instances were before, and undo edits.")
@click.option("--instance", metavar="UID", help="Of this instance only.")
@click.option("--study", metavar="UID", help="Of this study only; with --restore its last edit is undone.")
@click.option(
    "--restore",
    "name",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Undo the edit that NAME is kept for, the beginning of a SHA-256 or a UID; or the last one of --study.",
)
@_YES
@_JSON
@archive_options
def originals(
    instance: str | None, study: str | None, name: str | None, yes: bool, as_json: bool, **place: Any
) -> None:
    """List the files that instances were before they were edited or replaced, or undo an edit.

    All instances of an edit go back together. What they are now is kept, so that undoing can be undone.

    \b
    filmless archive originals --restore 0a1b2c3d4e5f
    filmless archive originals --restore --study 1.2.3
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.archive.upkeep import originals as originals_of

    if name == "" and study is None:
        raise Misuse("say which: --restore NAME, or --restore --study UID")
    if name and study:
        raise Misuse("say which: --restore NAME or --restore --study UID, one of them")
    with opened(**of_archive(place), read_only=name is None) as target:
        if name is not None:
            _undo(target, name, study or "", yes=yes)
            return
        found = [
            one
            for one in originals_of(target, instance_uid=instance)
            if study in (None, one.study_uid, one.current_study_uid)
        ]
    found.sort(key=lambda one: (one.edited, one.study_uid, one.instance_uid))
    if as_json:
        show([original._asdict() for original in found])
        return
    rows = [
        (one.sha256[:12], _moment(one.edited), one.study_uid, one.instance_uid, ",".join(one.changed) or "-")
        for one in found
    ]
    table(("NAME", "EDITED", "STUDY", "INSTANCE", "CHANGED"), rows)


def _undo(target: Any, name: str, study: str, *, yes: bool) -> None:
    from filmless.archive.upkeep import last_edit, original_named, restore_originals, same_edit

    wanted = last_edit(target, study) if study else same_edit(target, original_named(target, name))
    studies = len({original.study_uid for original in wanted})
    if len(wanted) > 1:
        confirmed(f"make {counted(len(wanted), 'instance')} of {counted(studies, 'study')} what they were?", yes=yes)
    with audited(target, "originals restore") as work:
        work.studies = {original.study_uid for original in wanted}
        work.counts["restored"] = count = restore_originals(target, wanted)
    who = wanted[0].instance_uid if len(wanted) == 1 else counted(count, "instance")
    click.echo(f"{who}: {'is what it was' if count == 1 else 'are what they were'}")


def _moment(text: str) -> str:
    """Return a DT as a person writes it."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}" if text[:12].isdigit() else "-"


@click.command(short_help="Delete the oldest studies, by age or size.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Studies that are older.")
@click.option("--max-size", metavar="SIZE", help="The oldest, until all are no larger, as 500G.")
@click.option("--age", type=click.Choice(["received", "study_date"]), default="received", show_default=True)
@click.option("--modality", multiple=True, metavar="CODE", help="Studies of this modality only; can be repeated.")
@_KEEP
@_YES
@_DRY_RUN
@_JSON
@archive_options
def prune(
    older_than: float | None,
    max_size: str | None,
    age: Any,
    modality: tuple[str, ...],
    keep_originals: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Delete the oldest studies for good: those older than DAYS, or as many as there is too much of."""
    from filmless.archive.upkeep import Retention, enforce

    if older_than is None and max_size is None:
        raise Misuse("say what is to go: --older-than DAYS or --max-size SIZE")
    size = None if max_size is None else _size(max_size)
    rule = Retention(max_age_days=older_than, max_bytes=size, age=age, modalities=frozenset(modality))
    with opened(**of_archive(place), read_only=dry_run) as target:
        found = enforce(target, [rule], dry_run=True)
        if found and not dry_run:
            confirmed(f"delete {counted(len(found), 'study')}, {sum(study.size for study in found)} bytes?", yes=yes)
            with audited(target, "prune") as work:
                found = enforce(
                    target, [rule], keep_originals=keep_originals, told=lambda study: work.studies.add(study.study_uid)
                )
                work.counts["instances"] = sum(study.instances for study in found)
    if as_json:
        show({"studies": [study._asdict() for study in found], "deleted": not dry_run})
        return
    for study in found:
        click.echo(f"{study.study_uid}  {counted(study.instances, 'instance')}  {study.size} bytes  {study.reason}")
    click.echo(f"{'would delete' if dry_run else 'deleted'} {counted(len(found), 'study')}")


def _size(text: str) -> int:
    number, unit = text.rstrip("iBb"), 1
    if number[-1:].upper() in ("K", "M", "G", "T"):
        unit = 1 << (10 * ("KMGT".index(number[-1].upper()) + 1))
        number = number[:-1]
    try:
        return int(float(number) * unit)
    except (ValueError, OverflowError):
        raise Misuse("--max-size is no size, expected a number and K, M, G or T: 500G") from None
