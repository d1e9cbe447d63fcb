"""The OpenAPI description of the service, made from its routes."""

import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.routing import BaseRoute

from filmless.dicomweb.origin.operations import PARAMETERS, Operation, operations_of

__all__ = ["openapi"]

_PATH: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "study": ("Study Instance UID", {"type": "string"}),
    "series": ("Series Instance UID", {"type": "string"}),
    "instance": ("SOP Instance UID", {"type": "string"}),
    "frames": ("Numbers of frames, from 1, with commas", {"type": "string", "pattern": "^[1-9][0-9]{0,8}(,[1-9])?$"}),
    "path": ("Where the value is: a tag, or items and tags", {"type": "string"}),
}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "hint": {"type": "string"}},
}
_ELEMENT: Final = {
    "type": "object",
    "required": ["vr"],
    "properties": {
        "vr": {"type": "string"},
        "Value": {"type": "array"},
        "BulkDataURI": {"type": "string"},
        "InlineBinary": {"type": "string"},
    },
}
_DATASET: Final = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Element"}}
_BINARY: Final = {"type": "string", "contentMediaType": "application/octet-stream"}


def openapi(routes: Sequence[BaseRoute], *, url: str) -> dict[str, Any]:
    """Describe routes.

    Parameters
    ----------
    routes
        Of the service.
    url
        Of the service.

    Returns
    -------
    dict
        An OpenAPI 3.1 description.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations_of(routes):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DICOMweb",
            "version": "PS3.18",
            "description": "Studies, series and instances of an archive, by the services of DICOM PS3.18.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, "Element": _ELEMENT, "DataSet": _DATASET},
            "responses": {
                "Failure": {
                    "description": "What is wrong, and what to do about it",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                },
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.group],
        "parameters": [*_in_path(operation.path), *map(_in_query, operation.query)],
        "responses": _responses(operation),
    }
    if operation.takes:
        content = {kind.partition(";")[0]: {"schema": _BINARY} for kind in operation.takes}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _in_path(path: str) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"{(\w+)}", path):
        description, schema = _PATH.get(name, (name, {"type": "string"}))
        found.append({"name": name, "in": "path", "required": True, "description": description, "schema": schema})
    return found


def _in_query(name: str) -> dict[str, Any]:
    description, schema = PARAMETERS[name]
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    if operation.gives:
        success["content"] = {kind.partition(";")[0]: {"schema": _schema(kind)} for kind in operation.gives}
    found = {str(operation.status): success}
    if operation.group == "Store":
        found["202"] = success  # some of the instances were not stored
        found["409"] = {"description": "None was stored", "content": success.get("content", {})}
    if operation.method == "GET":
        found["206"] = {"description": "A range", "content": {"*/*": {}}}
        found["304"] = {"description": "It is as it was"}
    failure = {"$ref": "#/components/responses/Failure"}
    return found | {"4XX": failure, "5XX": failure}


def _schema(kind: str) -> dict[str, Any]:
    if kind == "application/dicom+json":
        dataset = {"$ref": "#/components/schemas/DataSet"}
        return {"oneOf": [{"type": "array", "items": dataset}, dataset]}
    return {} if kind.endswith("json") else _BINARY
