"""Collectors that put something before every line: container runtimes, journals, hosted services, parents."""

from datetime import datetime, timedelta, timezone
from itertools import count

from ..running import Seen
from .collector import Collector, each, epoch, iso, joined


def _interleaved(lines: list[Seen]) -> bytes:
    """The same program twice, the second one a few lines behind, each with its name before every line."""
    first = [f"{line.at:%H:%M:%S} web.1    | {line.text}" for line in lines]
    second = [f"{line.at:%H:%M:%S} worker.1 | {line.text}" for line in lines]
    mixed = []
    for at in range(len(lines) + 5):
        mixed += first[at : at + 1]
        if at >= 5:
            mixed += second[at - 5 : at - 4]
    return "\n".join([*mixed, ""]).encode()


def _parted(lines: list[Seen]) -> bytes:
    """Kubernetes parts what is longer than its buffer, which is a smaller one here."""
    out = []
    for line in lines:
        parts = [line.text[at : at + 200] for at in range(0, len(line.text), 200)] or [""]
        for number, part in enumerate(parts, 1):
            out.append(f"{iso(line.at, 9)}Z stderr {'F' if number == len(parts) else 'P'} {part}\n")
    return "".join(out).encode()


def _syslog_counted(lines: list[Seen]) -> bytes:
    """RFC 6587: the length of each message before it, on one connection."""
    messages = (f"<27>1 {iso(line.at)}Z wharf shop 811 - - {line.text}" for line in lines)
    return "".join(f"{len(message.encode())} {message}\n" for message in messages).encode()


def _ist(at: datetime) -> datetime:
    return at.astimezone(timezone(timedelta(hours=5, minutes=30)))


def _uptime(lines: list[Seen]) -> bytes:
    ticks = count(1234)
    return joined(Seen(f"[{next(ticks) + 0.5:12.6f}] wharf shop[811]: {line.text}", line.at) for line in lines).encode()


def _two_files(lines: list[Seen]) -> bytes:
    """`tail` of two files says from which one the lines come that follow."""
    half = "".join(f"{line.text}\n" for line in lines)
    return f"==> /var/log/shop/web.log <==\n{half}\n==> /var/log/shop/worker.log <==\n{half}".encode()


def _airflow(text: str, at: datetime) -> str:
    return f"[{at:%Y-%m-%d, %H:%M:%S} UTC] {{subprocess.py:93}} INFO - {text}"


def _papertrail(text: str, at: datetime) -> str:
    times = f"{iso(at, 0)}Z\t{iso(at, 0)}Z"
    return f"{39 * 10**16}\t{times}\t11\twharf\t10.0.0.1\tUser\tError\tshop\t{text}"


def _child_bytes(text: str, at: datetime) -> str:
    coloured = f"\x1b[31m{text}\x1b[0m\n".encode()
    return f"{at:%Y-%m-%d %H:%M:%S} INFO parent: child: {coloured!r}"


COLLECTORS = (
    Collector("compose-times", "full", each(lambda text, at: f"shop-1  | {iso(at, 9)}Z {text}")),
    Collector("kubectl-times", "full", each(lambda text, at: f"[pod/shop-7f9c4-x2x/shop] {iso(at, 9)}Z {text}")),
    Collector("two-files", "none", _two_files, 2),
    Collector("logcli", "full", each(lambda text, at: f'{iso(at, 0)}Z {{app="shop", pod="shop-1"}} {text}')),
    Collector("rsyslog", "full", each(lambda text, at: f"{iso(at)}+00:00 wharf shop[811]: {text}")),
    Collector("svlogd", "full", each(lambda text, at: f"{at:%Y-%m-%d_%H:%M:%S.%f} {text}")),
    Collector("turbo", "none", each(lambda text, at: f"shop:dev: {text}")),
    Collector("concurrently", "none", each(lambda text, at: f"[0] {text}")),
    Collector("concurrently-named", "none", each(lambda text, at: f"\x1b[34m[shop]\x1b[0m {text}")),
    Collector("app-engine", "full", each(lambda text, at: f"{at:%Y-%m-%d %H:%M:%S} default[20250311t091502]  {text}")),
    Collector("render", "full", each(lambda text, at: f"{iso(at, 9)}Z [stderr] {text}")),
    Collector("airflow", "full", each(_airflow)),
    Collector("ray", "none", each(lambda text, at: f"(Shop pid=811, ip=10.0.0.1) {text}")),
    Collector("ray-coloured", "none", each(lambda text, at: f"\x1b[36m(Shop pid=811)\x1b[0m {text}")),
    Collector("mpirun", "none", each(lambda text, at: f"[1,0]<stderr>:{text}")),
    Collector("srun", "none", each(lambda text, at: f"0: {text}")),
    Collector("torchrun", "none", each(lambda text, at: f"[default0]:{text}")),
    Collector("tox", "none", each(lambda text, at: f"py313: {text}")),
    Collector("os-log", "full", each(lambda text, at: f"{at:%Y-%m-%d %H:%M:%S.%f}+0000 shop[811:12345] {text}")),
    Collector("node-parent", "none", each(lambda text, at: f"[shop] stderr: {text}")),
    Collector("papertrail-archive", "full", each(_papertrail)),
    Collector("stern", "none", each(lambda text, at: f"shop-7f9c4-x2x shop {text}")),
    Collector("stern-times", "full", each(lambda text, at: f"shop-7f9c4-x2x shop {iso(at, 9)}Z {text}")),
    Collector("kubectl-prefix", "none", each(lambda text, at: f"[pod/shop-7f9c4-x2x/shop] {text}")),
    Collector("kubernetes", "full", each(lambda text, at: f"{iso(at, 9)}Z stderr F {text}")),
    Collector("kubernetes-parted", "full", _parted),
    Collector("heroku", "full", each(lambda text, at: f"{iso(at)}+00:00 app[worker.1]: {text}")),
    Collector("fly", "full", each(lambda text, at: f"{iso(at, 0)}Z app[148e2d4b] fra [info] {text}")),
    Collector("compose", "none", each(lambda text, at: f"shop-1   | {text}")),
    Collector("compose-v1", "none", each(lambda text, at: f"\x1b[36mshop_1   |\x1b[0m {text}")),
    Collector("compose-twice", "part", _interleaved, 2),
    Collector("docker-times", "full", each(lambda text, at: f"{iso(at, 9)}Z {text}")),
    Collector("swarm", "none", each(lambda text, at: f"shop_web.1.x8k2j3h4@wharf    | {text}")),
    Collector("nomad", "full", each(lambda text, at: f"{iso(at)} [shop] {text}")),
    Collector("honcho", "part", each(lambda text, at: f"{at:%H:%M:%S} web.1  | {text}")),
    Collector("supervisor", "none", each(lambda text, at: f"shop-00 stderr | {text}")),
    Collector("pm2", "full", each(lambda text, at: f"1|shop  | {at:%Y-%m-%d %H:%M:%S.%f} +00:00: {text}")),
    Collector("multilog", "full", each(lambda text, at: f"{at.timestamp():.5f} {text}")),
    Collector("ts", "part", each(lambda text, at: f"{at:%b %d %H:%M:%S} {text}")),
    Collector("journal-short", "part", each(lambda text, at: f"{at:%b %d %H:%M:%S} wharf shop[811]: {text}")),
    Collector("journal-iso", "full", each(lambda text, at: f"{iso(at, 0)}+0000 wharf python3[811]: {text}")),
    Collector("journal-full", "full", each(lambda text, at: f"{at:%a %Y-%m-%d %H:%M:%S} UTC wharf shop[811]: {text}")),
    Collector("journal-uptime", "none", _uptime),
    Collector("journal-priorities", "none", each(lambda text, at: f"<3>{text}")),
    Collector("syslog", "full", each(lambda text, at: f"<27>1 {iso(at)}+00:00 wharf shop 811 - - {text}")),
    Collector("syslog-counted", "full", _syslog_counted),
    Collector("papertrail", "part", each(lambda text, at: f"{at:%b %d %H:%M:%S} wharf shop: {text}")),
    Collector("github", "full", each(lambda text, at: f"{iso(at, 7)}Z {text}")),
    Collector("github-download", "full", each(lambda text, at: f"build\tRun tests\t{iso(at, 7)}Z {text}")),
    Collector("gitlab", "full", each(lambda text, at: f"{iso(at)}Z 01E {text}")),
    Collector("jenkins", "full", each(lambda text, at: f"[{iso(at, 3)}Z] {text}")),
    Collector("teamcity", "part", each(lambda text, at: f"[{at:%H:%M:%S}]W:\t [Step 1/2] {text}")),
    Collector("azure-pipelines", "full", each(lambda text, at: f"{iso(at, 7)}Z ##[error]{text}")),
    Collector("cloudwatch-tail", "full", each(lambda text, at: f"{iso(at, 0)} shop/web/1a2b3c {text}")),
    Collector("lambda", "full", each(lambda text, at: f"{iso(at, 3)}Z\t3b7c9d4e-0000-4000-8000-1c2d3e4f5a6b\t{text}")),
    Collector("event-log", "full", each(lambda text, at: f"{at:%Y-%m-%d %H:%M:%S}\tshop-service\t{text}", "\r\n")),
    Collector("tabs", "full", each(lambda text, at: f"{iso(at)}\tshop\t811\tstderr\t{text}")),
    Collector(
        "other-zone", "full", each(lambda text, at: f"{_ist(at):%Y-%m-%dT%H:%M:%S}+05:30 wharf shop[811]: {text}")
    ),
    Collector("us-clock", "full", each(lambda text, at: f"{at:%m/%d/%Y %I:%M:%S %p} shop: {text}")),
    Collector("android", "part", each(lambda text, at: f"{at:%m-%d %H:%M:%S.%f}  811  811 E python  : {text}")),
    Collector("buildkite", "none", each(lambda text, at: f"\x1b_bk;t={epoch(at)}\x07{text}")),
    Collector("child-bytes", "full", each(_child_bytes)),
    Collector(
        "child-text",
        "full",
        each(lambda text, at: f"{at:%Y-%m-%d %H:%M:%S} INFO parent: child said: {text + chr(10)!r}"),
    ),
    Collector("process-only", "none", each(lambda text, at: f"[811]: {text.lstrip()}")),
)
