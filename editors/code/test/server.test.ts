import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, test } from "node:test";
import { locate, type Places } from "../src/server";

const root = mkdtempSync(join(tmpdir(), "heard-client-"));
after(() => {
    rmSync(root, { recursive: true });
});

function program(...names: string[]): string {
    const path = join(root, ...names);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    chmodSync(path, 0o755);
    return path;
}

const set = program("own", "my-heard");
const environment = program("venv", "bin", "heard");
const onPath = program("path", "heard");
const windows = program("python", "Scripts", "heard.exe");
program("data", "heard");
chmodSync(join(root, "data", "heard"), 0o644);
mkdirSync(join(root, "folder", "heard"), { recursive: true });

const nowhere: Places = { setting: "", interpreter: undefined, path: "", home: join(root, "own"), folder: root };
const interpreter = join(root, "venv", "bin", "python");
const path = ["", "relative", join(root, "data"), join(root, "folder"), join(root, "path")].join(delimiter);

test("the setting comes first, then the environment, then the PATH", () => {
    assert.deepEqual(locate({ ...nowhere, setting: set, interpreter, path }, "linux"), { program: set });
    assert.deepEqual(locate({ ...nowhere, interpreter, path }, "linux"), { program: environment });
    assert.deepEqual(locate({ ...nowhere, path }, "linux"), { program: onPath }, "neither folders nor mere files");
    const without = join(root, "own", "python");
    assert.deepEqual(locate({ ...nowhere, interpreter: without, path }, "linux"), { program: onPath });
    const base = join(root, "python", "python.exe");
    assert.deepEqual(locate({ ...nowhere, interpreter: base }, "win32"), { program: windows });
});

test("a setting may be told from the home folder or the workspace", () => {
    for (const setting of ["~/my-heard", "${workspaceFolder}/own/my-heard", "own/my-heard", "./own/my-heard"]) {
        assert.deepEqual(locate({ ...nowhere, setting }), { program: set }, setting);
    }
});

test("where there is no program, it is said where one was looked for and what to do", () => {
    const told = (places: Partial<Places>): string => {
        const located = locate({ ...nowhere, ...places }, "linux");
        return "trouble" in located ? located.trouble : assert.fail(located.program);
    };
    const missing = join(root, "missing");
    assert.match(told({ setting: missing, interpreter, path }), /"heard\.path" names .*missing, where no program is/);
    assert.match(told({}), /looked for on the PATH\. .*"pip install heard".*"heard\.path"/);
    assert.match(told({ interpreter: join(missing, "python") }), /as .*missing.heard, and on the PATH/);
});
