"""Documents of services and tools that hold lines or whole records, and records that are written as one line."""

import json
from collections.abc import Callable
from datetime import datetime
from xml.sax.saxutils import escape

from ..running import Seen
from .collector import Collector, each, epoch, iso, joined, objects
from .containers import quoted, records


def _by_record(form: Callable[[str, datetime], str], header: str = "") -> Callable[[list[Seen]], bytes]:
    """Each record for itself, its lines as one text."""

    def write(lines: list[Seen]) -> bytes:
        texts = (form(joined(record)[:-1], record[0].at) for record in records(lines))
        return (header + "".join(f"{text}\n" for text in texts)).encode()

    return write


def _with(sign: str) -> Callable[[list[Seen]], bytes]:
    """Each record in one line; `sign` stands for its line breaks."""
    return _by_record(lambda text, at: "ERROR " + text.replace("\n", sign))


def _journal_entry(text: str, at: datetime) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(epoch(at) * 1000), "_PID": "811", "MESSAGE": text})


def _telemetry(clock: str) -> Callable[[str, datetime], str]:
    """A record of OpenTelemetry's protocol, with one of its two times."""

    def record(text: str, at: datetime) -> str:
        told = {clock: str(epoch(at) * 1_000_000), "severityText": "ERROR", "body": {"stringValue": text}}
        service = {"key": "service.name", "value": {"stringValue": "shop"}}
        scopes = [{"scope": {"name": "asyncio"}, "logRecords": [told]}]
        return json.dumps({"resourceLogs": [{"resource": {"attributes": [service]}, "scopeLogs": scopes}]})

    return record


def _request_log(lines: list[Seen]) -> bytes:
    """What App Engine keeps of one request."""
    told = [{"time": iso(line.at) + "Z", "severity": "ERROR", "logMessage": line.text} for line in lines]
    return json.dumps([{"protoPayload": {"line": told}, "timestamp": iso(lines[0].at) + "Z"}], indent=2).encode()


def _kusto(lines: list[Seen]) -> bytes:
    columns = [{"name": name, "type": "string"} for name in ("TimeGenerated", "ContainerID", "LogEntry")]
    rows = [[iso(line.at, 3) + "Z", "c1", line.text] for line in lines]
    return json.dumps({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}).encode()


def _subscription(lines: list[Seen]) -> bytes:
    """CloudWatch hands on ten events at a time, with nothing between."""
    events = [{"id": str(at), "timestamp": epoch(line.at), "message": line.text} for at, line in enumerate(lines)]
    parts = (events[at : at + 10] for at in range(0, len(events), 10))
    return "".join(
        json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "shop", "logEvents": part}) for part in parts
    ).encode()


def _ansible(lines: list[Seen]) -> bytes:
    told = {
        "changed": True,
        "rc": 1,
        "stderr": joined(lines)[:-1],
        "stderr_lines": [line.text for line in lines],
        "stdout": "",
    }
    return f"fatal: [wharf]: FAILED! => {json.dumps(told)}\n".encode()


def _result(lines: list[Seen]) -> bytes:
    return json.dumps(
        {"cmd": "python shop.py", "returncode": 1, "stdout": "", "stderr": joined(lines)}, indent=2
    ).encode()


def _junit(lines: list[Seen]) -> bytes:
    case = f'<testcase name="test_a">\n<system-err><![CDATA[{joined(lines)}]]></system-err>\n</testcase>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite tests="1">\n{case}\n</testsuite>\n'.encode()


def _robot(text: str, at: datetime) -> str:
    return f'<msg timestamp="{at:%Y%m%d %H:%M:%S}.{at.microsecond // 1000:03}" level="INFO">{escape(text)}</msg>'


def _annotation(text: str, at: datetime) -> str:
    return "::error file=shop.py,line=3::" + text.replace("%", "%25").replace("\n", "%0A")


COLLECTORS = (
    Collector("journal-sequence", "full", each(lambda text, at: "\x1e" + _journal_entry(text, at))),
    Collector("journal-events", "full", each(lambda text, at: f"data: {_journal_entry(text, at)}\n")),
    Collector("telemetry", "full", _by_record(_telemetry("timeUnixNano"))),
    Collector("telemetry-lines", "full", each(_telemetry("observedTimeUnixNano"))),
    Collector("app-engine-requests", "full", _request_log),
    Collector("kusto", "full", _kusto),
    Collector("container-apps", "full", objects(lambda text, at: {"TimeStamp": iso(at, 7) + "Z", "Log": f"F {text}"})),
    Collector("cloudwatch-subscription", "full", _subscription),
    Collector(
        "splunk-csv",
        "full",
        _by_record(lambda text, at: f'{quoted(text)},"{iso(at, 3)}+0000",wharf', '"_raw","_time",host\n'),
    ),
    Collector(
        "google-csv",
        "full",
        _by_record(
            lambda text, at: f"i1,,{quoted(text)},{iso(at)}Z", "insertId,jsonPayload.message,textPayload,timestamp\n"
        ),
    ),
    Collector("drone", "none", objects(lambda text, at: {"pos": 3, "out": text + "\n", "time": 3})),
    Collector("jq", "full", each(lambda text, at: json.dumps({"ts": iso(at) + "Z", "msg": text}, indent=2))),
    Collector("ansible", "none", _ansible),
    Collector("result-of-a-command", "none", _result),
    Collector("junit", "none", _junit),
    Collector("robot", "full", _by_record(_robot)),
    Collector("annotation", "none", _by_record(_annotation)),
    Collector("line-separators", "none", _with("\u2028")),
    Collector("line-feed-tags", "none", _with("<LF>")),
    Collector("hexadecimal-feeds", "none", _with("\\x0a")),
)
