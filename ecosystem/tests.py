"""What the comparison says of small packages: `python3 ecosystem/tests.py`."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
import zipfile
from dataclasses import replace
from pathlib import Path

from check import beside, fetch, report, runs
from check.compare import blessed, compare
from check.expected import HERE, Expected, Finding, Judged, Judgement, parse, read, text

FINDING = Finding("a/b.py", 7, "dropped-task", "default", "the task is dropped", "f1")
JUDGED = Judged(FINDING, Judgement.TRUE, "send() may fail")
PACKAGE = Expected("box", "box==1.0", "box-1.0-py3-none-any.whl", "0", findings=(JUDGED,))


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def wheel(self) -> Expected:
        """A package whose wheel has been downloaded."""
        (self.work / "wheels").mkdir()
        path = self.work / "wheels" / PACKAGE.wheel
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/b.py", "f()\n")
        return replace(PACKAGE, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    def heard(self, body: str) -> Path:
        """A program in the place of heard; `found(line)` is what prints a finding."""
        path = self.work / "heard"
        entry = {"path": FINDING.path, "rule": FINDING.rule, "level": FINDING.level, "message": FINDING.message}
        found = f"def found(line, print_=f1): print(json.dumps({entry!r} | {{'line': line, 'fingerprint': print_}}))"
        head = f"#!{sys.executable}\nimport json, sys\nf1 = 'f1'\n{found}\n"
        path.write_text(head + textwrap.dedent(body))
        path.chmod(0o755)
        return path


class Compared(unittest.TestCase):
    def test_as_expected(self) -> None:
        difference = compare(PACKAGE, [FINDING])
        self.assertFalse(difference)
        self.assertEqual(report.difference(PACKAGE, difference), "")

    def test_new_and_gone(self) -> None:
        other = replace(FINDING, line=9, fingerprint="f2")
        difference = compare(PACKAGE, [other])
        self.assertEqual((difference.new, difference.gone, difference.changed), ((other,), (JUDGED,), ()))
        self.assertEqual(blessed(PACKAGE, difference).findings, (Judged(other, Judgement.UNJUDGED, ""),))

    def test_changed_keeps_its_judgement(self) -> None:
        for changes in (
            {"line": 9},
            {"level": "strict"},
            {"message": "nobody holds the task"},
            {"fingerprint": "f2"},
        ):
            found = replace(FINDING, **changes)
            difference = compare(PACKAGE, [found])
            self.assertEqual(
                (difference.changed, difference.new, difference.gone), (((JUDGED, found),), (), ()), changes
            )
            self.assertEqual(blessed(PACKAGE, difference).findings, (replace(JUDGED, finding=found),), changes)

    def test_same_fingerprint_in_two_files(self) -> None:
        other = replace(FINDING, path="a/c.py")
        self.assertEqual(compare(PACKAGE, [other, FINDING]).new, (other,))

    def test_trouble_is_known_or_not(self) -> None:
        known = replace(PACKAGE, trouble=("a file was given up",))
        self.assertFalse(compare(known, [FINDING], ["a file was given up"]))
        self.assertTrue(compare(known, [FINDING]))
        self.assertTrue(compare(PACKAGE, [FINDING], ["a file was given up"]))
        self.assertEqual(blessed(PACKAGE, compare(PACKAGE, [FINDING], ["a file was given up"])), PACKAGE)


class Files(unittest.TestCase):
    def test_round_trip(self) -> None:
        awkward = 'say "no" \\ to `x`,\ttabs\n, \x7f, \x00 and ü'
        finding = replace(FINDING, message=awkward, path="a:b.py")
        package = replace(PACKAGE, trouble=(awkward,), findings=(Judged(finding, Judgement.FALSE, awkward),))
        self.assertEqual(parse("box", text(package)), package)

    def test_order_of_places(self) -> None:
        late, early = (Judged(replace(FINDING, line=line)) for line in (10, 9))
        self.assertEqual(parse("box", text(replace(PACKAGE, findings=(late, early)))).findings, (early, late))

    def test_our_own(self) -> None:
        packages = read()
        self.assertGreaterEqual(len(packages), 30)
        for package in packages:
            written = (HERE / "packages" / f"{package.name}.toml").read_text(encoding="utf-8")
            self.assertEqual(text(package), written, package.name)
            for one in package.findings:
                place = f"{package.name} {one.finding.path}:{one.finding.line}"
                self.assertEqual(
                    bool(one.why), one.judgement is not Judgement.UNJUDGED, f"{place} has no reason, or needs none"
                )


class Summary(unittest.TestCase):
    def test_share_is_of_what_is_judged(self) -> None:
        judgements = [Judgement.TRUE, Judgement.FALSE, Judgement.DEBATABLE, Judgement.TRUE, Judgement.UNJUDGED]
        package = replace(PACKAGE, findings=tuple(Judged(FINDING, judgement) for judgement in judgements))
        lines = report.summary([package]).splitlines()
        self.assertIn("| default | dropped-task | 2 | 1 | 1 | 1 | 25.0 % |", lines)
        self.assertIn("| default | all | 2 | 1 | 1 | 1 | 25.0 % |", lines)
        self.assertIn("| strict | all | 0 | 0 | 0 | 0 | - |", lines)


class Runs(Folder):
    def run_heard(self, body: str) -> tuple[list[Finding], list[str]]:
        return runs.check(self.heard(body), self.work, self.work)

    def test_findings(self) -> None:
        self.assertEqual(self.run_heard("found(7); sys.exit(1)"), ([FINDING], []))

    def test_other_findings_with_other_threads(self) -> None:
        _, trouble = self.run_heard("found(7)\nif '--threads=2' in sys.argv: found(8)")
        self.assertEqual(trouble, ["other findings with --threads 2 than with --threads 1: 2 and 1"])

    def test_a_crash(self) -> None:
        _, trouble = self.run_heard("sys.stderr.write('note: all well\\nthread \\'main\\' panicked\\n'); sys.exit(101)")
        self.assertEqual(
            trouble,
            ["thread 'main' panicked", "exit code 101 with --threads 1", "exit code 101 with --threads 2"],
        )

    def test_a_file_that_is_given_up(self) -> None:
        _, trouble = self.run_heard("sys.stderr.write('error: a/b.py: given up\\n'); sys.exit(2)")
        self.assertEqual(trouble, ["error: a/b.py: given up"])
        self.assertEqual(len(self.run_heard("sys.exit(2)")[1]), 2)

    def test_no_heard(self) -> None:
        with self.assertRaises(runs.RunFailed):
            runs.check(self.work / "nothing", self.work, self.work)


class Fetched(Folder):
    def test_unpacked_alone_and_once(self) -> None:
        package = self.wheel()
        root = fetch.unpacked(package, self.work)
        self.assertEqual((root / "a/b.py").read_text(), "f()\n")
        (root / "unpacked.txt").unlink()
        (root / "half.py").touch()
        self.assertEqual(fetch.unpacked(package, self.work), root)
        self.assertFalse((root / "half.py").exists())
        shutil.rmtree(self.work / "wheels")
        self.assertEqual(fetch.unpacked(package, self.work), root)

    def test_another_wheel_is_refused(self) -> None:
        self.wheel()
        with self.assertRaisesRegex(fetch.FetchFailed, "do not trust"):
            fetch.unpacked(PACKAGE, self.work)


class Beside(Folder):
    def test_memory(self) -> None:
        _, small = beside.measure([sys.executable, "-c", "pass"], self.work)
        _, large = beside.measure([sys.executable, "-c", "x = b'x' * 100_000_000"], self.work)
        self.assertGreater(large - small, 50)


class Command(Folder):
    def run_command(self, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, self.work / "ecosystem/run", "--work", self.work, "--heard", self.work / "heard"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def test_new_then_blessed(self) -> None:
        shutil.copytree(HERE, self.work / "ecosystem", ignore=shutil.ignore_patterns("packages"))
        folder = self.work / "ecosystem/packages"
        folder.mkdir()
        (folder / "box.toml").write_text(text(self.wheel()))
        self.heard("found(7); found(8, 'f2'); sys.exit(1)")
        code, output = self.run_command()
        self.assertEqual(code, 1)
        self.assertIn("new      a/b.py:8: default[dropped-task]: the task is dropped", output)
        self.assertEqual(self.run_command("--bless")[0], 0)
        self.assertEqual(self.run_command("--only", "box")[0], 0)
        (package,) = read(folder)
        self.assertEqual([one.judgement for one in package.findings], [Judgement.TRUE, Judgement.UNJUDGED])


if __name__ == "__main__":
    unittest.main()
