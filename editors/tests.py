#!/usr/bin/env python3
"""The set-ups of docs/editors.md and of the folders beside this file: `editors/tests.py HEARD`.

Each is read as its editor reads it, and the command in it is started and asked. Where the editor itself is on the PATH,
it is started with the set-up and shows a finding or the hover; where it is not, the test that needs it says so.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

EDITORS = Path(__file__).resolve().parent
PAGE = (EDITORS.parent / "docs/editors.md").read_text(encoding="utf-8")

PROGRAM = "import asyncio\n\n\nasync def work():\n    await asyncio.sleep(1)\n\n\nasync def main():\n    work()\n"

# How long the slowest machine may take.
PATIENCE = 120

# Neovim of before 0.11 lacks the two functions of the set-up, so what they do is done here by the one it has.
NEOVIM = """
local configs = {}
if not (vim.lsp.config and vim.lsp.enable) then
  vim.lsp.config = function(name, config) configs[name] = config end
  vim.lsp.enable = function(name)
    local config = configs[name]
    config.root_dir = vim.fn.getcwd()
    vim.api.nvim_create_autocmd("FileType", {
      pattern = config.filetypes,
      callback = function(event) vim.lsp.buf_attach_client(event.buf, vim.lsp.start_client(config)) end,
    })
  end
end
dofile("set-up.lua")
vim.cmd("edit app.py")
vim.bo.filetype = "python"
vim.wait(PATIENCE * 1000, function() return #vim.diagnostic.get(0) > 0 end, 10)
for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
  io.stdout:write(diagnostic.code, " ", diagnostic.lnum, "\\n")
end
vim.cmd("quitall!")
""".replace("PATIENCE", str(PATIENCE))

EMACS = """
(load (expand-file-name "set-up.el") nil t)
(require 'eglot)
(find-file "app.py")
(python-mode)
(let ((eglot-sync-connect t)) (apply #'eglot (eglot--guess-contact)))
(goto-char (point-max))
(forward-line -1)
(back-to-indentation)
(let ((hover (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover (eglot--TextDocumentPositionParams))))
  (princ (plist-get (plist-get hover :contents) :value)))
(eglot-shutdown (eglot--current-server-or-lose))
"""


def block(heading: str, language: str) -> str:
    """The block of code in this language in the section whose heading begins so."""
    section = next(part for part in PAGE.split("\n## ")[1:] if part.startswith(heading))
    found = re.search(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the section {heading} has no block of {language}"
    return found[1]


def read(*names: str) -> str:
    return EDITORS.joinpath(*names).read_text(encoding="utf-8")


class SetUps(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="heard-editors-"))).resolve()
        (self.folder / "pyproject.toml").touch()
        (self.folder / "app.py").write_text(PROGRAM, encoding="utf-8")
        bin = self.folder / "bin"
        bin.mkdir()
        (bin / "heard").symlink_to(HEARD)
        # No settings of the one who runs the tests count.
        homes = {name: str(self.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
        self.environment = os.environ | homes | {"PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"}

    def run_editor(self, *command: str) -> str:
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not on the PATH")
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def serves(self, command: list[str], options: object) -> None:
        """The command starts a server, and all options are some that it has."""
        params = {"capabilities": {}, "processId": None, "rootUri": None, "initializationOptions": options}
        messages = [
            {"id": 1, "method": "initialize", "params": params},
            {"id": 2, "method": "shutdown"},
            {"method": "exit"},
        ]
        bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
        sent = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
        done = subprocess.run(command, cwd=self.folder, env=self.environment, input=sent, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b'"serverInfo":{"name":"heard"', done.stdout)
        self.assertLessEqual(set(options), OPTIONS)

    def test_vs_code(self) -> None:
        settings = json.loads(block("VS Code", "json"))
        manifest = json.loads(read("code", "package.json"))["contributes"]["configuration"]["properties"]
        self.assertLessEqual(settings.keys(), manifest.keys())
        for name, value in settings.items():
            self.assertIn(value, manifest[name].get("enum", [value]))
            self.assertEqual({"boolean": bool, "string": str}[manifest[name]["type"]], type(value))

    def test_helix(self) -> None:
        languages = tomllib.loads(block("Helix", "toml"))
        server = languages["language-server"]["heard"]
        self.assertEqual(server.keys(), {"command", "args", "config"})
        [python] = languages["language"]
        self.assertEqual((python["name"], python["language-servers"][0]), ("python", "heard"))
        self.serves([server["command"], *server["args"]], server["config"])

    def test_helix_itself(self) -> None:
        (self.folder / "helix").mkdir()
        (self.folder / "helix/languages.toml").write_text(block("Helix", "toml"), encoding="utf-8")
        self.assertIn("heard", self.run_editor("hx", "--health", "python"))

    def test_zed(self) -> None:
        extension = tomllib.loads(read("zed", "extension.toml"))
        settings = json.loads(block("Zed", "json"))
        [(name, server)] = extension["language_servers"].items()
        self.assertEqual(server["languages"], list(settings["languages"]))
        self.assertEqual(settings["languages"]["Python"]["language_servers"], [name, "..."])
        [(configured, values)] = settings["lsp"].items()
        self.assertEqual(configured, name)
        self.serves(["heard", *values["binary"]["arguments"]], values["initialization_options"])

    def test_lsp4ij(self) -> None:
        template = json.loads(read("lsp4ij", "template.json"))
        self.assertEqual(template.keys(), {"id", "name", "programArgs", "fileTypeMappings"})
        [mapping] = template["fileTypeMappings"]
        self.assertEqual((mapping["fileType"]["name"], mapping["languageId"]), ("Python", "python"))
        self.serves(shlex.split(template["programArgs"]["default"]), json.loads(read("lsp4ij", "initializationOptions.json")))

    def test_neovim(self) -> None:
        (self.folder / "set-up.lua").write_text(block("Neovim", "lua"), encoding="utf-8")
        (self.folder / "drive.lua").write_text(NEOVIM, encoding="utf-8")
        self.assertIn("unawaited-coroutine 8\n", self.run_editor("nvim", "--headless", "-u", "NONE", "-c", "luafile drive.lua"))

    def test_emacs(self) -> None:
        (self.folder / "set-up.el").write_text(block("Emacs", "elisp"), encoding="utf-8")
        (self.folder / "drive.el").write_text(EMACS, encoding="utf-8")
        ready = "(princ (locate-library \"eglot\"))"
        if "eglot" not in self.run_editor("emacs", "--batch", "--no-init-file", "--eval", "(package-initialize)", "--eval", ready):
            self.skipTest("this Emacs has no Eglot")
        told = self.run_editor("emacs", "--batch", "--no-init-file", "--eval", "(package-initialize)", "--load", "drive.el")
        self.assertIn("# unawaited-coroutine", told)


if __name__ == "__main__":
    HEARD = Path(sys.argv.pop(1)).resolve()
    # What the table of the page has, which a test of the server compares with what it knows.
    OPTIONS = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    unittest.main()
