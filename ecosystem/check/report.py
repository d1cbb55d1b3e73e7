"""What a run prints: the difference in each package, and the summary of judgements."""

from collections import Counter
from collections.abc import Iterable

from .compare import Difference
from .expected import Expected, Finding, Judged, Judgement

LEVELS = ("default", "strict")


def difference(package: Expected, found: Difference) -> str:
    """Nothing, if all is as expected."""
    parts = [f"  trouble  {line}" for line in found.trouble]
    parts += [f"  no more  {line}" for line in found.past_trouble]
    parts += [f"  new      {described(finding)}" for finding in found.new]
    parts += [f"  gone     {described(one.finding)}{remembered(one)}" for one in found.gone]
    for one, finding in found.changed:
        parts += [f"  changed  {described(one.finding)}{remembered(one)}", f"        to {described(finding)}"]
    return "".join(f"{part}\n" for part in (f"{package.name}: {package.requirement}", *parts)) if parts else ""


def described(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}: {finding.level}[{finding.rule}]: {finding.message}"


def remembered(one: Judged) -> str:
    """The judgement, since it matters most of all what kind of finding goes away."""
    return f"\n           {one.judgement}: {one.why}" if one.why else f"\n           {one.judgement}"


def summary(packages: Iterable[Expected]) -> str:
    """The judgements by level and rule, of the findings that are in the files."""
    packages = list(packages)
    findings = [one for package in packages for one in package.findings]
    rows = [["level", "rule", *Judgement, "false of judged"], ["---", "---", *["---:"] * (len(Judgement) + 1)]]
    for level in LEVELS:
        here = [one for one in findings if one.finding.level == level]
        rules = sorted({one.finding.rule for one in here})
        rows += [counted(level, rule, [one for one in here if one.finding.rule == rule]) for rule in rules]
        rows.append(counted(level, "all", here))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{table}\n\n{len(findings)} findings expected in {len(packages)} packages"


def counted(level: str, rule: str, findings: list[Judged]) -> list[str]:
    counts = Counter(one.judgement for one in findings)
    judged = len(findings) - counts[Judgement.UNJUDGED]
    share = f"{100 * counts[Judgement.FALSE] / judged:.1f} %" if judged else "-"
    return [level, rule, *(str(counts[judgement]) for judgement in Judgement), share]
