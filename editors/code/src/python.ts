// The interpreter that the extension of Microsoft for Python has chosen, where it is there.

import { type Event, extensions, type Uri } from "vscode";

/** What is used of the interface of `ms-python.python`. */
interface Python {
    environments: {
        getActiveEnvironmentPath(resource?: Uri): { path: string };
        resolveEnvironment(environment: {
            path: string;
        }): Promise<{ executable: { uri: Uri | undefined } } | undefined>;
        onDidChangeActiveEnvironmentPath: Event<unknown>;
    };
}

async function python(): Promise<Python | undefined> {
    const extension = extensions.getExtension<Python>("ms-python.python");
    return extension?.activate();
}

/** The path of the interpreter for a folder of the workspace. */
export async function interpreter(folder: Uri | undefined): Promise<string | undefined> {
    const environments = (await python())?.environments;
    if (environments === undefined) {
        return undefined;
    }
    const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
    return environment?.executable.uri?.fsPath;
}

/** Calls back when another interpreter is chosen. */
export async function onInterpreter(changed: () => void): Promise<{ dispose(): unknown }> {
    const known = await python();
    return known?.environments.onDidChangeActiveEnvironmentPath(changed) ?? { dispose: () => undefined };
}
