"""Licences of what the program is built from: licences.py [--write FILE].

Every crate must have a licence that deny.toml allows. With --write, their texts are put into one file, which goes into
the wheels beside ours. It needs cargo, with the crates fetched.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]


def allowed(expression: str, names: set[str]) -> bool:
    """Whether an SPDX expression can be met: AND binds closer than OR, and an old slash is an OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def choice() -> bool:
        met = part()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            met = part() or met
        return met

    def part() -> bool:
        met = single()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            met = single() and met
        return met

    def single() -> bool:
        token = tokens.pop(0)
        if token == "(":
            met = choice()
            assert tokens.pop(0) == ")", expression
            return met
        if tokens[:1] == ["WITH"]:
            token = f"{token} WITH {tokens[1]}"
            del tokens[:2]
        return token in names

    met = choice()
    assert not tokens, expression
    return met


def main(arguments: list[str]) -> None:
    names = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.check_output(command, cwd=ROOT))["packages"]
    refused = [f"{it['name']} {it['version']}: {it['license']}" for it in packages if not allowed(it["license"] or "none", names)]
    if refused:
        sys.exit("deny.toml does not allow:\n" + "\n".join(refused))
    if arguments[:1] == ["--write"]:
        texts = []
        for it in sorted((it for it in packages if it["source"]), key=lambda it: (it["name"], it["version"])):
            folder = pathlib.Path(it["manifest_path"]).parent
            files = sorted(file for file in folder.rglob("*") if re.match(r"(?i)(licen[cs]e|copying|notice)", file.name) and file.is_file())
            texts.append(f"{'=' * 100}\n{it['name']} {it['version']}, {it['license']}\n")
            texts += [file.read_text(encoding="utf-8", errors="replace").strip() + "\n" for file in files]
        pathlib.Path(arguments[1]).write_text("\n".join(texts), encoding="utf-8")
    print(f"{len(packages)} crates, all with licences that deny.toml allows")


if __name__ == "__main__":
    main(sys.argv[1:])
