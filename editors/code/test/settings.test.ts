import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../package.json";
import { needsRestart, options, path } from "../src/settings";

const properties: Record<string, { default: unknown }> = manifest.contributes.configuration.properties;

/** The settings as VS Code gives them, with the defaults of the manifest. */
function section(set: Record<string, unknown> = {}): { get(name: string): unknown } {
    return { get: (name) => (name in set ? set[name] : properties[`heard.${name}`]?.default) };
}

test("every setting of the manifest that is the server's gets there", () => {
    assert.deepEqual(options(section()), { inlayHints: false, diagnosticMode: "openFilesOnly" });
    const own = new Set(["heard.path", "heard.trace.server"]);
    const names = Object.keys(properties).filter((name) => !own.has(name));
    assert.deepEqual(
        Object.keys(options(section())).map((name) => `heard.${name}`),
        names,
    );
    const set = { inlayHints: true, diagnosticMode: "workspace" };
    assert.deepEqual(options(section(set)), set);
});

test("what means nothing is as if it were not set", () => {
    assert.deepEqual(options(section({ inlayHints: "yes", diagnosticMode: 3 })), options(section()));
    assert.equal(path(section({ path: null })), "");
    assert.equal(path(section({ path: " /bin/heard " })), "/bin/heard");
});

test("the server starts anew for what counts when it starts, and for nothing else", () => {
    const restarting = Object.keys(properties).filter((name) => needsRestart((setting) => setting === name));
    assert.deepEqual(restarting, ["heard.path", "heard.diagnosticMode"]);
});
