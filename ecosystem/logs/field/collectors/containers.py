"""Collectors that put each line into something: objects of JSON, entries of the journal, rows of a table."""

import html
import json
import re
from collections.abc import Callable
from datetime import datetime

from ..running import Seen
from .collector import Collector, each, epoch, iso, objects


def _table(header: str, form: Callable[[str, datetime], str]) -> Callable[[list[Seen]], bytes]:
    rows = each(form)
    return lambda lines: header.encode() + b"\n" + rows(lines)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _lokis(lines: list[Seen]) -> bytes:
    """An answer of Loki's interface: the newest line first."""
    values = [[str(int(line.at.timestamp() * 1_000_000) * 1000 + at), line.text] for at, line in enumerate(lines)]
    stream = {"stream": {"app": "shop", "pod": "shop-1"}, "values": values[::-1]}
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": [stream]}}).encode()


def _cloudwatch(lines: list[Seen]) -> bytes:
    events = [{"timestamp": epoch(line.at), "message": line.text, "ingestionTime": epoch(line.at)} for line in lines]
    return json.dumps({"events": events, "nextForwardToken": "f/1"}, indent=4).encode()


def _journal(lines: list[Seen]) -> bytes:
    """The export format of the journal, an entry a line; a text that is not plain is written with its length."""
    out = b""
    for line in lines:
        micros = int(line.at.timestamp() * 1_000_000)
        out += (
            f"__CURSOR=s=1\n__REALTIME_TIMESTAMP={micros}\n_HOSTNAME=wharf\nSYSLOG_IDENTIFIER=shop\n_PID=811\n".encode()
        )
        text = line.text.encode()
        plain = all(byte >= 32 or byte == 9 for byte in text)
        out += b"MESSAGE=" + text + b"\n" if plain else b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n"
        out += b"\n"
    return out


def records(lines: list[Seen]) -> list[list[Seen]]:
    """Lines by record: a collector for several lines takes what is not indented, and no detail, for a beginning."""
    begins = re.compile(r"\d{4}-|(?:Task|Future|_GatheringFuture|Exception in|/.*RuntimeWarning)\b")
    found: list[list[Seen]] = []
    for line in lines:
        if begins.match(line.text) or not found:
            found.append([])
        found[-1].append(line)
    return found


def _whole_records(lines: list[Seen]) -> bytes:
    rows = ((record[0].at, "\n".join(line.text for line in record)) for record in records(lines))
    return "".join(json.dumps({"@timestamp": iso(at, 3) + "Z", "message": text}) + "\n" for at, text in rows).encode()


def _yaml(lines: list[Seen]) -> bytes:
    out = ""
    for record in records(lines):
        out += f"- time: {iso(record[0].at, 3)}Z\n  source: shop\n  message: |\n"
        out += "".join(f"    {line.text}\n" if line.text else "\n" for line in record)
    return out.encode()


def _page(lines: list[Seen]) -> bytes:
    rows = (f"<tr><td>{iso(line.at, 3)}Z</td><td>{html.escape(line.text)}</td></tr>" for line in lines)
    return "\n".join(["<table>", *rows, "</table>", ""]).encode()


COLLECTORS = (
    Collector(
        "newrelic", "full", objects(lambda text, at: {"entity.name": "shop", "message": text, "timestamp": epoch(at)})
    ),
    Collector(
        "humio", "full", objects(lambda text, at: {"@timestamp": epoch(at), "@rawstring": text, "#repo": "shop"})
    ),
    Collector(
        "sumo", "full", objects(lambda text, at: {"_messagetime": epoch(at), "_raw": text, "_sourcehost": "wharf"})
    ),
    Collector(
        "opensearch",
        "full",
        objects(lambda text, at: {"fields": {"message": [text], "@timestamp": [iso(at, 3) + "Z"]}}),
    ),
    Collector(
        "pm2-json",
        "full",
        objects(
            lambda text, at: {
                "message": text + "\n",
                "timestamp": iso(at, 3) + "Z",
                "type": "err",
                "process_id": 0,
                "app_name": "shop",
            }
        ),
    ),
    Collector(
        "railway",
        "full",
        objects(
            lambda text, at: {
                "severity": "error",
                "timestamp": iso(at, 9) + "Z",
                "message": text,
                "tags": {"service": "s1"},
            }
        ),
    ),
    Collector(
        "json-in-json",
        "full",
        objects(
            lambda text, at: {
                "log": json.dumps({"message": text, "timestamp": iso(at) + "Z"}) + "\n",
                "stream": "stderr",
            }
        ),
    ),
    Collector(
        "fluentd-stdout",
        "full",
        each(lambda text, at: f"{at:%Y-%m-%d %H:%M:%S.%f}000 +0000 docker.shop: " + json.dumps({"log": text})),
    ),
    Collector(
        "insights",
        "full",
        _table("@timestamp,@message,@logStream", lambda text, at: f"{at:%Y-%m-%d %H:%M:%S.%f},{quoted(text)},shop/web"),
    ),
    Collector(
        "graylog",
        "full",
        _table('"timestamp","source","message"', lambda text, at: f'"{iso(at, 3)}Z","wharf",{quoted(text)}'),
    ),
    Collector("whole-records", "full", _whole_records),
    Collector("yaml", "none", _yaml),
    Collector("page", "full", _page),
    Collector(
        "docker", "full", objects(lambda text, at: {"log": text + "\n", "stream": "stderr", "time": iso(at, 9) + "Z"})
    ),
    Collector("journal-export", "full", _journal),
    Collector(
        "journal-json",
        "full",
        objects(
            lambda text, at: {"__REALTIME_TIMESTAMP": str(int(at.timestamp() * 1e6)), "_PID": "811", "MESSAGE": text}
        ),
    ),
    Collector("cloudwatch-json", "full", _cloudwatch),
    Collector(
        "aws-text",
        "full",
        each(lambda text, at: f"EVENTS\t{39 * 10**54}\t{epoch(at)}\tshop/web\t{text}\t{epoch(at)}"),
    ),
    Collector(
        "google-cloud",
        "full",
        objects(
            lambda text, at: {
                "insertId": "i",
                "logName": "projects/p/logs/stderr",
                "resource": {"type": "cloud_run_revision"},
                "textPayload": text,
                "timestamp": iso(at) + "Z",
            }
        ),
    ),
    Collector(
        "loki-lines",
        "full",
        objects(lambda text, at: {"labels": {"app": "shop"}, "line": text, "timestamp": iso(at) + "Z"}),
    ),
    Collector("loki-answer", "full", _lokis),
    Collector(
        "elasticsearch",
        "full",
        objects(
            lambda text, at: {
                "_index": "logs-1",
                "_id": "a",
                "_source": {"@timestamp": iso(at, 3) + "Z", "message": text, "stream": "stderr"},
                "sort": [1],
            }
        ),
    ),
    Collector(
        "splunk",
        "full",
        objects(
            lambda text, at: {
                "preview": False,
                "result": {"_raw": text, "_time": iso(at, 3) + "+00:00", "host": "wharf"},
            }
        ),
    ),
    Collector(
        "datadog",
        "full",
        objects(
            lambda text, at: {
                "id": "AQ",
                "content": {
                    "timestamp": iso(at, 3) + "Z",
                    "service": "shop",
                    "message": text,
                    "attributes": {"status": "error"},
                },
            }
        ),
    ),
    Collector(
        "vector",
        "full",
        objects(
            lambda text, at: {
                "host": "wharf",
                "message": text,
                "source_type": "docker_logs",
                "stream": "stderr",
                "timestamp": iso(at) + "Z",
            }
        ),
    ),
    Collector(
        "fluentd",
        "full",
        each(
            lambda text, at: (
                f"{iso(at, 0)}+00:00\tdocker.shop\t"
                + json.dumps({"container_name": "/shop", "source": "stderr", "log": text})
            )
        ),
    ),
    Collector(
        "fluent-bit",
        "full",
        each(
            lambda text, at: (
                f"[0] shop: [[{at.timestamp():.9f}, {{}}], " + '{"log"=>' + json.dumps(text, ensure_ascii=False) + "}]"
            )
        ),
    ),
    Collector(
        "rsyslog-json",
        "full",
        objects(
            lambda text, at: {
                "timereported": iso(at) + "+00:00",
                "host": "wharf",
                "syslog-tag": "shop[811]:",
                "message": text,
            }
        ),
    ),
    Collector(
        "pino-parent",
        "full",
        objects(lambda text, at: {"level": 50, "time": epoch(at), "pid": 4, "hostname": "wharf", "msg": text}),
    ),
    Collector(
        "bunyan-parent",
        "full",
        objects(
            lambda text, at: {
                "name": "parent",
                "hostname": "wharf",
                "pid": 4,
                "level": 50,
                "msg": text,
                "time": iso(at, 3) + "Z",
                "v": 0,
            }
        ),
    ),
    Collector(
        "journal-logfmt",
        "full",
        each(lambda text, at: f"ts={iso(at, 3)}Z level=error stream=stderr msg={json.dumps(text)}"),
    ),
    Collector("csv", "full", _table("timestamp,source,message", lambda text, at: f"{iso(at)}Z,shop,{quoted(text)}")),
    Collector(
        "csv-semicolon", "full", _table("Time;Host;Message", lambda text, at: f"{iso(at)}Z;wharf;{quoted(text)}")
    ),
    Collector(
        "kibana-tsv",
        "full",
        _table(
            '"@timestamp"\t"pod"\t"message"', lambda text, at: f'"{at:%b %d, %Y @ %H:%M:%S}"\t"shop-1"\t{quoted(text)}'
        ),
    ),
    Collector("json-strings", "none", objects(lambda text, at: text)),
    Collector("json-array", "none", lambda lines: json.dumps([line.text for line in lines], indent=1).encode()),
)
