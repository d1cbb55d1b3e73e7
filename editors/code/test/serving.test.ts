// The real server, driven with what the client gives it. HEARD names the program, else it is that of a debug build.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import {
    type CodeAction,
    CodeActionRequest,
    ConfigurationRequest,
    DidChangeConfigurationNotification,
    DidChangeTextDocumentNotification,
    DidOpenTextDocumentNotification,
    DocumentDiagnosticRequest,
    ExitNotification,
    type FullDocumentDiagnosticReport,
    HoverRequest,
    InitializedNotification,
    InitializeRequest,
    InlayHintRefreshRequest,
    InlayHintRequest,
    RegistrationRequest,
    ShutdownRequest,
    WorkspaceDiagnosticRequest,
} from "vscode-languageserver-protocol";
import { locate } from "../src/server";
import { options } from "../src/settings";

const before = "import asyncio\n\n\nasync def work():\n    await asyncio.sleep(1)\n\n\nasync def main():\n    work()\n";

test("the server does what the client promises", { timeout: 120_000 }, async (context) => {
    const setting = process.env.HEARD ?? resolve("../../target/debug/heard");
    const located = locate({ setting, interpreter: undefined, path: "", home: homedir(), folder: undefined });
    assert.ok("program" in located, "trouble" in located ? located.trouble : "");
    const root = mkdtempSync(join(tmpdir(), "heard-client-"));
    const file = join(root, "app.py");
    const uri = pathToFileURL(file).href;
    writeFileSync(file, before);
    const server = spawn(located.program, ["lsp"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(server, "exit");
    const connection = createMessageConnection(
        new StreamMessageReader(server.stdout),
        new StreamMessageWriter(server.stdin),
    );
    context.after(() => {
        connection.dispose();
        server.kill();
        rmSync(root, { recursive: true });
    });
    const settings: Record<string, unknown> = { inlayHints: true, diagnosticMode: "workspace" };
    const section = { get: (name: string): unknown => settings[name] };
    const registered: string[] = [];
    connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
        registered.push(...registrations.map(({ method }) => method));
    });
    connection.onRequest(ConfigurationRequest.type, ({ items }) => items.map(() => settings));
    const refreshed = new Promise<void>((done) => {
        connection.onRequest(InlayHintRefreshRequest.method, () => {
            done();
            return null;
        });
    });
    connection.listen();

    const { capabilities } = await connection.sendRequest(InitializeRequest.type, {
        processId: process.pid,
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type wants it
        rootUri: null,
        workspaceFolders: [{ uri: pathToFileURL(root).href, name: "project" }],
        initializationOptions: options(section),
        capabilities: {
            textDocument: { diagnostic: {}, inlayHint: {} },
            workspace: {
                configuration: true,
                didChangeConfiguration: { dynamicRegistration: true },
                didChangeWatchedFiles: { dynamicRegistration: true },
                inlayHint: { refreshSupport: true },
            },
        },
    });
    assert.equal((capabilities.diagnosticProvider as { workspaceDiagnostics: boolean }).workspaceDiagnostics, true);
    await connection.sendNotification(InitializedNotification.type, {});

    const report = await connection.sendRequest(WorkspaceDiagnosticRequest.type, { previousResultIds: [] });
    assert.deepEqual(
        report.items.map((item) => item.uri),
        [uri],
    );
    assert.deepEqual(registered, ["workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration"]);

    await connection.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri, languageId: "python", version: 1, text: before },
    });
    const findings = async (): Promise<FullDocumentDiagnosticReport["items"]> => {
        const answer = await connection.sendRequest(DocumentDiagnosticRequest.type, { textDocument: { uri } });
        return (answer as FullDocumentDiagnosticReport).items;
    };
    const [finding, ...others] = await findings();
    assert.ok(finding !== undefined && others.length === 0);
    assert.deepEqual([finding.code, finding.range.start], ["unawaited-coroutine", { line: 8, character: 4 }]);

    const hover = await connection.sendRequest(HoverRequest.type, {
        textDocument: { uri },
        position: finding.range.start,
    });
    assert.match((hover?.contents as { value: string }).value, /# unawaited-coroutine/);

    const everything = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
    const hints = (): Promise<unknown[] | null> =>
        connection.sendRequest(InlayHintRequest.type, { textDocument: { uri }, range: everything });
    assert.equal((await hints())?.length, 1);
    settings.inlayHints = false;
    await connection.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
    await refreshed;
    assert.deepEqual(await hints(), []);

    const actions = await connection.sendRequest(CodeActionRequest.type, {
        textDocument: { uri },
        range: finding.range,
        context: { diagnostics: [finding] },
    });
    const mend = actions?.map((action) => action as CodeAction).find(({ title }) => title.includes("await"));
    const edit = mend?.edit?.changes?.[uri]?.[0];
    assert.deepEqual(edit, { newText: "await ", range: { start: finding.range.start, end: finding.range.start } });
    await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version: 2 },
        contentChanges: [{ range: edit.range, text: edit.newText }],
    });
    assert.deepEqual(await findings(), []);

    await connection.sendRequest(ShutdownRequest.type);
    await connection.sendNotification(ExitNotification.type);
    assert.deepEqual(await ended, [0, null]);
});
