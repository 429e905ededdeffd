"""Reading a call's parameters from an HTTP request: query, JSON, form or multipart."""

from __future__ import annotations

from email.parser import HeaderParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from simulator.params import Upload
from simulator.strict import bad_request


def read_form(
    query: str, content_type: str, body: bytes
) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Parameters and files; raises a 400 in Telegram's words for what can't be read."""
    values: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    files: dict[str, Upload] = {}
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return values, files
    if kind == "application/json":
        try:
            sent = msgspec.json.decode(body)
        except msgspec.DecodeError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(sent, dict):
            raise bad_request("can't parse JSON object")
        values.update(sent)
    elif kind == "application/x-www-form-urlencoded":
        values.update(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    elif kind == "multipart/form-data":
        _read_parts(content_type, body, values, files)
    return values, files


def _read_parts(
    content_type: str, body: bytes, values: dict[str, Any], files: dict[str, Upload]
) -> None:
    boundary = _headers(b"content-type: " + content_type.encode()).get_boundary()
    if not boundary:
        raise bad_request("can't parse multipart request")
    # The delimiter belongs to the line break before it (RFC 2046, 5.1.1).
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if part.startswith(b"--"):
            return
        head, _, content = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head)
        name = headers.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise bad_request("can't parse multipart request")
        file_name = headers.get_filename()
        if file_name is None:
            values[name] = content.decode(errors="replace")
        else:
            files[name] = (file_name, content, headers.get_content_type())


def _headers(raw: bytes) -> Any:
    return HeaderParser(policy=HTTP).parsestr(raw.decode(errors="replace") + "\r\n\r\n")
