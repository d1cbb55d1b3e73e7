// Which program is the server.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";

/** Where the server is looked for. */
export interface Places {
    /** The setting `heard.path`; empty where it is not set. */
    setting: string;
    /** The interpreter of the Python environment, where one is known. */
    interpreter: string | undefined;
    /** The variable `PATH`. */
    path: string;
    /** The home folder, and the first folder of the workspace. */
    home: string;
    folder: string | undefined;
}

/** The program with its path, or why there is none, as its user is told. */
export type Located = { program: string } | { trouble: string };

/** Looks in the setting, then in the Python environment, then on the `PATH`. */
export function locate(places: Places, platform: NodeJS.Platform = process.platform): Located {
    if (places.setting !== "") {
        const program = expand(places);
        if (isProgram(program)) {
            return { program };
        }
        return { trouble: `The setting "heard.path" names ${program}, where no program is.` };
    }
    const name = platform === "win32" ? "heard.exe" : "heard";
    const environment = inEnvironment(places.interpreter, platform).map((folder) => join(folder, name));
    const onPath = places.path.split(delimiter).filter(isAbsolute);
    const program = [...environment, ...onPath.map((folder) => join(folder, name))].find(isProgram);
    if (program !== undefined) {
        return { program };
    }
    const searched = environment[0] === undefined ? "on the PATH" : `as ${environment.join(", as ")}, and on the PATH`;
    return {
        trouble:
            `The program "heard" is not found: it was looked for ${searched}. ` +
            'Install it by "pip install heard", or say in the setting "heard.path" where it is.',
    };
}

/** The folders in which the programs of an environment lie. */
function inEnvironment(interpreter: string | undefined, platform: NodeJS.Platform): string[] {
    if (interpreter === undefined) {
        return [];
    }
    const beside = dirname(interpreter);
    // On Windows only virtual environments have the interpreter where their programs are.
    return platform === "win32" ? [beside, join(beside, "Scripts")] : [beside];
}

function expand({ setting, home, folder }: Places): string {
    const own = setting.replace(/^~(?=$|[\\/])/, () => home);
    const whole = folder === undefined ? own : own.replaceAll("${workspaceFolder}", () => folder);
    return folder === undefined || isAbsolute(whole) ? whole : join(folder, whole);
}

function isProgram(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}
