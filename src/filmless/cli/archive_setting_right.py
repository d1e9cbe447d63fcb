"""`filmless archive`: what changes instances, and what takes them away."""

import time
from dataclasses import asdict
from typing import Any

import click

from filmless.cli.archive_audit import audited
from filmless.cli.archive_options import (
    archive_options,
    confirmed,
    entries_of,
    keys_named,
    of_archive,
    opened,
    printable,
    remarks,
    show,
)
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse

__all__ = ["conflicts", "delete", "edit", "originals", "prune"]

_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
_WHERE = click.option("--where", multiple=True, metavar="KEYWORD=VALUE", help="Instances that match; can be repeated.")


@click.command(short_help="Delete studies, series or instances for good.")
@click.argument("keys", nargs=-1, required=True, metavar="KEYWORD=VALUE...")
@_YES
@_DRY_RUN
@_JSON
@archive_options
def delete(keys: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool, **place: Any) -> None:
    """Delete what matches all keys, for good: whole studies, or series and instances when a key is of theirs.

    \b
    filmless archive delete StudyInstanceUID=1.2.3
    filmless archive delete PatientID=123 Modality=SR --dry-run
    """  # noqa: D301 - \b keeps the lines of examples
    wanted = keys_named(keys, narrow=True)
    with opened(**of_archive(place), read_only=dry_run) as target:
        found = entries_of(target, wanted)
        studies = len({entry.study_uid for entry in found})
        size = sum(entry.size for entry in found)
        what = f"{len(found)} instances of {studies} {'study' if studies == 1 else 'studies'}, {size} bytes"
        if dry_run:
            count = 0
        else:
            confirmed(f"delete {what}?", yes=yes)
            with audited(target, "delete") as work:
                work.studies = {entry.study_uid for entry in found}
                work.counts["deleted"] = count = target.delete(found)
    if as_json:
        show({"matched": len(found), "studies": studies, "bytes": size, "deleted": count})
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
    from filmless.archive.upkeep.editing import values_of

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
        if dry_run:
            click.echo(f"would edit {len(found)} instances")
            return
        into = None
        if into_patient or into_study:
            key = f"PatientID={into_patient}" if into_patient else f"StudyInstanceUID={into_study}"
            into = entries_of(target, keys_named([key], narrow=True), what="what they are to go into")[0]
        confirmed(f"edit {len(found)} instances?", yes=yes)
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
        remarks(report.failed, verbose=True)
        click.echo(f"{report.edited} edited, {report.unchanged} unchanged, {len(report.failed)} failed")
    if report.failed:
        raise Failure


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
            _list_conflicts(list(target.index.conflicts()), as_json=as_json)
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


def _list_conflicts(found: list[Any], *, as_json: bool) -> None:
    if as_json:
        show([conflict._asdict() for conflict in found])
        return
    for conflict in found:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(conflict.received))
        click.echo(f"{conflict.id}  {moment}  {conflict.instance_uid}  {conflict.sha256[:12]}")


@click.command(short_help="List what instances were before, and put it back.")
@click.option("--instance", metavar="UID", help="Of this instance only.")
@click.option("--restore", "name", metavar="NAME", help="Put this one back: the beginning of its SHA-256, or a UID.")
@_JSON
@archive_options
def originals(instance: str | None, name: str | None, as_json: bool, **place: Any) -> None:
    """List the files that instances were before they were edited or replaced, or put one back."""
    from filmless.archive.upkeep import original_named, restore_original
    from filmless.archive.upkeep import originals as originals_of

    with opened(**of_archive(place), read_only=name is None) as target:
        if name is not None:
            original = original_named(target, name)
            with audited(target, "originals restore") as work:
                work.studies, work.instance = {original.study_uid}, original.instance_uid
                restore_original(target, original)
            click.echo(f"{original.instance_uid}: is what it was")
            return
        found = list(originals_of(target, instance_uid=instance))
    if as_json:
        show([original._asdict() for original in found])
        return
    for original in found:
        click.echo(f"{original.sha256[:12]}  {original.size:>12}  {original.instance_uid}")


@click.command(short_help="Delete the oldest studies, by age or size.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Studies that are older.")
@click.option("--max-size", metavar="SIZE", help="The oldest, until all are no larger, as 500G.")
@click.option("--age", type=click.Choice(["received", "study_date"]), default="received", show_default=True)
@click.option("--modality", multiple=True, metavar="CODE", help="Studies of this modality only; can be repeated.")
@_YES
@_DRY_RUN
@_JSON
@archive_options
def prune(
    older_than: float | None,
    max_size: str | None,
    age: Any,
    modality: tuple[str, ...],
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
            confirmed(f"delete {len(found)} studies, {sum(study.size for study in found)} bytes?", yes=yes)
            with audited(target, "prune") as work:
                found = enforce(target, [rule], told=lambda study: work.studies.add(study.study_uid))
                work.counts["instances"] = sum(study.instances for study in found)
    if as_json:
        show({"studies": [study._asdict() for study in found], "deleted": not dry_run})
        return
    for study in found:
        click.echo(f"{study.study_uid}  {study.instances} instances  {study.size} bytes  {study.reason}")
    click.echo(f"{'would delete' if dry_run else 'deleted'} {len(found)} studies")


def _size(text: str) -> int:
    number, unit = text.rstrip("iBb"), 1
    if number[-1:].upper() in ("K", "M", "G", "T"):
        unit = 1 << (10 * ("KMGT".index(number[-1].upper()) + 1))
        number = number[:-1]
    try:
        return int(float(number) * unit)
    except (ValueError, OverflowError):
        raise Misuse("--max-size is no size, expected a number and K, M, G or T: 500G") from None
