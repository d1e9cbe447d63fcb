"""What a server is told becomes what it consists of."""

import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from filmless import dicomweb
from filmless.archive import Archive, Outcome
from filmless.archive.index.database import Transaction
from filmless.archive.index.writing import Placed
from filmless.archive.upkeep import Retention, enforce
from filmless.archive.upkeep.retention import Expired
from filmless.dicomweb.origin.application import HANDLERS
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomError
from filmless.security import Audit, Authenticator, check_binding, secured
from filmless.security.addresses import is_loopback
from filmless.security.work import worked
from filmless.server.activity import Activity
from filmless.server.afar import OtherArchive
from filmless.server.conformance import conformance_statement
from filmless.server.entity import Entity, tls_of
from filmless.server.forwarding import Forwarder, Queue, Rules, SentByHand, enqueue
from filmless.server.health import Health
from filmless.server.in_place import FolderInPlace, folder_counts, forget_others
from filmless.server.listening import StartError
from filmless.server.logs import Log
from filmless.server.looking import Looked, Looking
from filmless.server.metrics import Measure, Metrics
from filmless.server.observing import Observed, route_names
from filmless.server.pages import Pages, answer_outside
from filmless.server.performed_steps import routes as step_routes
from filmless.server.settings.tree import Settings
from filmless.server.shown import Saving, Shown
from filmless.server.worklist import routes as worklist_routes
from filmless.viewer import StaticFiles
from filmless.viewer import routes as viewer_routes
from filmless.viewer.ohif import Ohif

__all__ = ["Composed", "compose"]


@dataclass(slots=True)
class Composed:
    """What a server consists of."""

    application: ASGIApp
    tls: ssl.SSLContext | None
    entity: Entity | None
    activities: list[Activity]


def compose(
    settings: Settings,
    *,
    log: Log,
    stack: ExitStack,
    shown: Shown | None = None,
    tell: Callable[[Looked], None] | None = None,
) -> Composed:
    """Make everything that a server consists of; what has to be closed is put on the stack.

    Parameters
    ----------
    settings
        What it is told.
    log
        Its log.
    stack
        Closes what it holds.
    shown
        Files that are shown where they lie, read-only. DIMSE is off then.
    tell
        Told how far they are looked at.

    Raises
    ------
    DicomError
        A part cannot be made.
    """
    check_binding(settings.http.host, authenticated=settings.security.is_authenticated)
    tls = None if settings.security.tls is None else tls_of(settings.security.tls, "security.tls")
    host = settings.http.host
    if tls is None and not host.startswith(("unix:", "/")) and not is_loopback(host):
        # Keys, tokens and patients' data can be read on the way, unless what passes them on stands right before.
        hint = "`security.tls` has a certificate; or listen on 127.0.0.1 behind a proxy that has"
        log.warning("what is listened to beyond this machine is not encrypted", host=host, hint=hint)
    rules = Rules(settings.forward)
    metrics = Metrics()
    archive = stack.enter_context(_opened(settings, rules))
    looking = None if shown is None else Looking(archive, shown, tell or (lambda _: None))
    by_hand = SentByHand(Queue(archive.index.database), settings.peers) if settings.peers and shown is None else None
    other = None
    if shown is not None and shown.other is not None:
        other = OtherArchive(archive, shown.other, name=shown.name)
        stack.callback(other.close)
    parts = _Parts(settings, archive, metrics, log, shown, looking, by_hand, other)
    audit = stack.enter_context(_audit(settings))
    authenticator, entity = Authenticator(settings.security), None
    if settings.dimse.is_on and shown is None:
        entity = Entity(settings, archive, audit=audit, metrics=metrics, log=log, authenticator=authenticator)
    application = parts.application(audit, entity, authenticator)
    activities = [*parts.forwarding(entity), *parts.in_place(), *parts.upkeep(audit)]
    if looking is not None:
        activities.append(Activity("look", looking.look, every_s=0, log=log))
    return Composed(application, tls, entity, activities)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts that need the archive."""

    settings: Settings
    archive: Archive
    metrics: Metrics
    log: Log
    shown: Shown | None = None
    looking: Looking | None = None
    by_hand: SentByHand | None = None
    other: OtherArchive | None = None

    def application(self, audit: Audit, entity: Entity | None, authenticator: Authenticator) -> ASGIApp:
        """Make what answers requests."""
        routed = self.routed(entity)
        safe = secured(
            routed, self.settings.security, audit=audit, limits=self.settings.limits, authenticator=authenticator
        )
        return Observed(safe, names=route_names(routed), metrics=self.metrics, log=self.log)

    def routed(self, entity: Entity | None) -> Starlette:
        """Make all routes."""
        settings, archive, metrics = self.settings, self.archive, self.metrics
        free = settings.quota.free_bytes
        services = [] if entity is None else entity.offered.services
        further = {} if entity is None else {"dimse": lambda: entity.is_listening}
        health = Health(
            settings.data / "incoming", index=lambda: archive.index.find("0"), free_bytes=free, further=further
        )
        read_only = None if self.shown is None else self.shown.read_only
        public_url = settings.security.public_url
        service = dicomweb.application(archive, limits=settings.limits, public_url=public_url, read_only=read_only)
        viewer_files = StaticFiles.built()
        viewing, ohif = self.viewing(viewer_files, entity), _ohif(settings)
        pages = Pages(
            health,
            metrics,
            self.counts,
            partial(conformance_statement, settings, service, services),
            has_viewer=viewer_files.are_there or (ohif is not None and settings.ohif.at == "/"),
        )
        of_modalities = []
        if entity is not None:
            of_modalities = [*worklist_routes(entity.offered.worklist), *step_routes(entity.offered.steps)]
        handlers = {**HANDLERS, HTTPException: answer_outside}
        routes: list[BaseRoute] = [*pages.routes(), *of_modalities, Mount("/dicom-web", service)]
        outer = Starlette(
            routes=[*routes, *viewing] if ohif is None else [*routes, *ohif.routes(), *viewing, *ohif.last_routes()],
            exception_handlers=handlers,
        )
        what = "Whether the server is ready."
        metrics.measure(Measure("filmless_ready", what, "", lambda: {"": float(health.report().is_ready)}))
        metrics.measure(Measure("filmless_archive", "What the archive holds.", "of", self.counts))
        return outer

    def viewing(self, files: StaticFiles, entity: Entity | None) -> list[BaseRoute]:
        """Make the routes of the viewer, which saves measurements where it is told to."""
        settings, archive = self.settings, self.archive
        options: dict[str, Any] = {}
        if self.shown is not None:
            options = {"read_only": self.shown.read_only, "no_keeping": self.shown.no_keeping}
            if self.shown.save_to is not None:
                options["keeper"] = Saving(archive, self.shown.save_to)
        service = Service(archive, settings.limits, settings.security.public_url, **options)
        looking = None if self.looking is None or self.other is not None else self.looking.told
        reached = None if entity is None else entity.reached
        return viewer_routes(service, files, looking=looking, sends_on=self.by_hand, reached=reached, other=self.other)

    def counts(self) -> dict[str, float]:
        """Return what the archive holds."""
        totals = self.archive.index.totals()
        return {name.replace("size", "bytes"): float(number) for name, number in totals._asdict().items()}

    def forwarding(self, entity: Entity | None) -> list[Activity]:
        """Send what is in the queue."""
        settings, archive, metrics = self.settings, self.archive, self.metrics
        queue = Queue(archive.index.database)
        if _is_ours_alone(archive):
            # What is being sent was left behind.
            queue.release_all()
        forwarder = Forwarder(
            archive,
            queue,
            settings=settings.forwarding,
            peers=settings.peers,
            log=self.log,
            metrics=metrics,
            ae_title=settings.dimse.ae_title,
        )

        def told(outcome: Outcome, size: int) -> None:
            metrics.instances.labels(outcome.kind).inc()
            if outcome.kind == "quarantined":
                uids = {"instance": outcome.instance_uid, "study": outcome.study_uid}
                self.log.warning("an instance is set aside, another one of its UID is there", **uids)
            if outcome.kind != "identical":
                metrics.instance_bytes.inc(size)
            if entity is not None:
                entity.offered.arrived(outcome)
            forwarder.wake()

        archive.tell_outcomes(told)
        if self.by_hand is not None:
            self.by_hand.wake = forwarder.wake
        return forwarder.activities

    def in_place(self) -> list[Activity]:
        """Index folders that are served where they are."""
        settings, archive, database = self.settings, self.archive, self.archive.index.database
        for folder in settings.folders:
            if not folder.is_dir():
                raise StartError("a folder to serve is not there", path=folder)
            if folder.resolve().is_relative_to(settings.data.resolve()):
                hint = "what is in it is served anyway; `--data` names another folder"
                raise StartError("a folder to serve is in the archive's own", path=folder, hint=hint)
        if _is_ours_alone(archive):
            forget_others(archive, database, settings.folders)
        if settings.folders:
            what = "Files of folders that are served in place."
            self.metrics.measure(Measure("filmless_folder_files", what, "kind", lambda: folder_counts(database)))
        options: dict[str, Any] = {"leave_out": settings.data, "threads": settings.in_place.threads, "log": self.log}
        return [
            Activity(
                "folder in place",
                FolderInPlace(archive, database, folder, **options).look,
                every_s=settings.in_place.rescan_s,
                log=self.log,
            )
            for folder in settings.folders
        ]

    def upkeep(self, audit: Audit) -> list[Activity]:
        """Delete what no rule keeps."""
        quota = self.settings.quota
        rules = list(self.settings.retention)
        if quota.archive_bytes is not None:
            rules.append(Retention(max_bytes=quota.archive_bytes))
        if not rules:
            return []

        def work(stopping: threading.Event) -> None:
            with ExitStack() as line:

                def told(study: Expired) -> None:
                    line.close()  # the one before is deleted
                    work = line.enter_context(worked(audit, "delete", who="retention", by="server"))
                    work.studies, work.counts = {study.study_uid}, {"instances": study.instances}
                    self.log.info("a study is deleted by a rule", study=study.study_uid, reason=study.reason)

                enforce(self.archive, rules, told=told, stopping=stopping.is_set)

        return [Activity("retention", work, every_s=quota.every_s, log=self.log)]


def _ohif(settings: Settings) -> Ohif | None:
    if settings.ohif.folder is None:
        return None
    try:
        return Ohif(settings.ohif.folder, settings.ohif.at)
    except FileNotFoundError:
        hint = "it has `index.html` and `app.bundle...js`, as `dist` of the npm package `@ohif/app`"
        raise StartError("there is no build of OHIF", path=settings.ohif.folder, hint=hint) from None


def _is_ours_alone(archive: Archive) -> bool:
    """Whether no other server has the index: one in PostgreSQL may be shared."""
    return archive.index.database.url.startswith("sqlite:")


def _opened(settings: Settings, rules: Rules) -> Archive:
    def written(transaction: Transaction, placed: list[Placed]) -> None:
        # What lies in folders did not arrive.
        own = [record for record, storage, _ in placed if not storage]
        enqueue(transaction, [(record, rules.peers_of(record)) for record in own])

    try:
        return Archive(
            settings.data,
            index=settings.index,
            storage=settings.storage,
            options=settings.arrival,
            on_written=written if rules else None,
        )
    except DicomError as error:
        if error.hint is None:
            error.hint = (
                "`--data` names another folder"
                if settings.index is None
                else "is the database server running, and does `--index` name it?"
            )
        raise


def _audit(settings: Settings) -> Audit:
    options = settings.security.audit
    path = None if options.file == "-" else Path(options.file or settings.data / "audit.jsonl")
    return Audit(path, max_bytes=options.max_bytes, keep=options.keep)
