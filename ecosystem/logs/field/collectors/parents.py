"""Programs in other languages that log what their child says, each line for itself, in the layout of their logger."""

from datetime import datetime
from itertools import count

from ..running import Seen
from .collector import Collector, each, iso, joined


def _apache(who: str) -> Collector:
    """Apache with mod_wsgi: `who` it was for."""

    def line(text: str, at: datetime) -> str:
        return f"[{at:%a %b %d %H:%M:%S.%f %Y}] [wsgi:error] [pid 811:tid 140211] [{who} 10.0.0.1:50412] {text}"

    return Collector(f"apache-{who}", "full", each(line))


def _java(text: str, at: datetime) -> str:
    return f"{iso(at, 3).replace('T', ' ')}  INFO 4 --- [pool-1-thread-2] c.example.shop.Runner        : {text}"


def _build_step(lines: list[Seen]) -> bytes:
    """BuildKit counts its steps, and the seconds in each."""
    hundredths = count(34)
    return joined(Seen(f"#12 {next(hundredths) / 100:.3f} {line.text}", line.at) for line in lines).encode()


def _deltas(lines: list[Seen]) -> bytes:
    """The journal with the time since the line before."""
    ticks = count(1234)
    rows = (
        f"[{next(ticks) + 0.5:12.6f} <{line.at.microsecond / 1e6:12.6f} >] wharf shop: {line.text}" for line in lines
    )
    return "".join(f"{row}\n" for row in rows).encode()


COLLECTORS = (
    _apache("client"),
    _apache("remote"),
    Collector("passenger", "none", each(lambda text, at: f"App 811 output: {text}")),
    Collector("spring", "full", each(_java)),
    Collector("dotnet", "none", each(lambda text, at: f"fail: Shop.Runner[0]\n      {text}")),
    Collector(
        "zap", "full", each(lambda text, at: f"{iso(at, 3)}Z\tinfo\trunner/run.go:33\t{text}\t" + '{"pid": 811}')
    ),
    Collector("rust-tracing", "full", each(lambda text, at: f"{iso(at)}Z  INFO runner: {text} pid=811")),
    Collector("klog", "part", each(lambda text, at: f"E{at:%m%d %H:%M:%S.%f}     811 run.go:33] {text}")),
    Collector("logrus", "none", each(lambda text, at: f"ERRO[0001] {text.ljust(44)} pid=811")),
    Collector("serilog", "part", each(lambda text, at: f"[{at:%H:%M:%S} INF] {text}")),
    Collector("elixir", "part", each(lambda text, at: f"{at:%H:%M:%S}.{at.microsecond // 1000:03} [error] {text}")),
    Collector("ruby-logger", "full", each(lambda text, at: f"E, [{iso(at)} #811] ERROR -- : {text}")),
    Collector("monolog", "full", each(lambda text, at: f"[{iso(at)}+00:00] app.ERROR: {text} [] []")),
    Collector("cloud-foundry", "full", each(lambda text, at: f"   {iso(at, 2)}+0000 [APP/PROC/WEB/0] ERR {text}")),
    Collector("bamboo", "full", each(lambda text, at: f"error\t{at:%d-%b-%Y %H:%M:%S}\t{text}")),
    Collector("netlify", "part", each(lambda text, at: f"{at:%I:%M:%S %p}: {text}")),
    Collector("annotate-output", "part", each(lambda text, at: f"{at:%H:%M:%S} E: {text}")),
    Collector("parallel", "none", each(lambda text, at: f"wharf-1\t{text}")),
    Collector("buildkit", "none", _build_step),
    Collector("journal-unix", "full", each(lambda text, at: f"{at.timestamp():.6f} wharf shop[811]: {text}")),
    Collector("journal-deltas", "none", _deltas),
)
