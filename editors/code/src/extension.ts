// The way between VS Code and `heard lsp`. All that is found, the server finds.

import { homedir } from "node:os";
import { commands, type ExtensionContext, window, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions } from "vscode-languageclient/node";
import { interpreter, onInterpreter } from "./python";
import { type Client, Runner } from "./runner";
import { locate } from "./server";
import { needsRestart, options, path } from "./settings";

let runner: Runner | undefined;

/** Called by VS Code when the first Python file is opened. */
export async function activate(context: ExtensionContext): Promise<void> {
    const output = window.createOutputChannel("heard", { log: true });
    const failed = (error: unknown): void => {
        output.error(error instanceof Error ? error : String(error));
        void window.showErrorMessage(`heard: ${String(error)}`, "Show output").then((button) => {
            if (button !== undefined) {
                output.show();
            }
        });
    };

    const make = async (): Promise<Client | undefined> => {
        const section = workspace.getConfiguration("heard");
        const folder = workspace.workspaceFolders?.[0]?.uri;
        const located = locate({
            setting: path(section),
            interpreter: await interpreter(folder),
            path: process.env.PATH ?? "",
            home: homedir(),
            folder: folder?.fsPath,
        });
        if ("trouble" in located) {
            output.error(located.trouble);
            void window.showErrorMessage(located.trouble, "Open settings").then((button) => {
                if (button !== undefined) {
                    void commands.executeCommand("workbench.action.openSettings", "heard.path");
                }
            });
            return undefined;
        }
        output.info(`${located.program} lsp`);
        const clientOptions: LanguageClientOptions = {
            documentSelector: ["file", "untitled", "vscode-notebook-cell"].map((scheme) => ({
                scheme,
                language: "python",
            })),
            initializationOptions: options(section),
            outputChannel: output,
        };
        return new LanguageClient("heard", "heard", { command: located.program, args: ["lsp"] }, clientOptions);
    };

    const running = new Runner(make, failed);
    runner = running;
    const restart = (): Promise<void> => running.restart();
    context.subscriptions.push(
        output,
        commands.registerCommand("heard.restart", restart),
        commands.registerCommand("heard.showOutput", () => {
            output.show();
        }),
        workspace.onDidChangeConfiguration((event) => {
            if (needsRestart((setting) => event.affectsConfiguration(setting))) {
                void restart();
            }
        }),
        await onInterpreter(() => void restart()),
    );
    await restart();
}

/** Called by VS Code when it ends. */
export async function deactivate(): Promise<void> {
    await runner?.stop();
}
