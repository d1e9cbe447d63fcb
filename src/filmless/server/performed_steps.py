"""What modalities did, over HTTP: performed procedure steps as DICOM JSON, to be read."""

import json

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from filmless.dimse.services.performed_steps import PerformedSteps
from filmless.server.pages import need

__all__ = ["routes"]

_JSON = "application/dicom+json"
_MOST_ROWS = 1000
_PRIVATE = {"Cache-Control": "no-store"}


def routes(steps: PerformedSteps) -> list[Route]:
    """Return the routes ``/performed-procedure-steps`` and ``/performed-procedure-steps/{step}``.

    Parameters
    ----------
    steps
        The steps.
    """

    async def listed(request: Request) -> Response:
        """Answer the latest steps, of one status with ``?status=COMPLETED``, of one study with ``?study=1.2.3``."""
        need(request, "read")
        status, study = request.query_params.get("status"), request.query_params.get("study")
        found = [
            step
            for step in await run_sync(steps.steps)
            if status in {None, step.status} and (study is None or study in step.studies)
        ]
        rows = [
            {
                "step": step.uid,
                "status": step.status,
                "started": "T".join(step.started),
                "scheduled": [{"study": study, "step": one} for study, one in sorted(step.scheduled)],
            }
            for step in found[:_MOST_ROWS]
        ]
        more = {"Warning": '299 - "there are more steps"'} if len(found) > _MOST_ROWS else {}
        return JSONResponse(rows, headers={**_PRIVATE, **more})

    async def read(request: Request) -> Response:
        need(request, "read")
        # A UID is looked up among those that there are: it becomes no path.
        uid = request.path_params["step"]
        ds = await run_sync(steps.get, uid)
        request.scope.setdefault("filmless.audit", {})["step"] = uid
        return JSONResponse(json.loads(ds.to_json()), media_type=_JSON, headers=_PRIVATE)

    return [
        Route("/performed-procedure-steps", listed, methods=["GET"]),
        Route("/performed-procedure-steps/{step}", read, methods=["GET"]),
    ]
