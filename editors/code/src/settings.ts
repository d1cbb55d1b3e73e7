// What can be set, and what a change of it asks for.

/** What the server takes as `initializationOptions`. */
export interface Options {
    inlayHints: boolean;
    diagnosticMode: "openFilesOnly" | "workspace";
}

/** A section of the editor's settings. */
export interface Section {
    get(name: string): unknown;
}

/** The settings that the server is started with: all but those that are the client's own. */
export function options(section: Section): Options {
    return {
        inlayHints: section.get("inlayHints") === true,
        diagnosticMode: section.get("diagnosticMode") === "workspace" ? "workspace" : "openFilesOnly",
    };
}

/** The setting `heard.path`, empty where it is not set. */
export function path(section: Section): string {
    const value = section.get("path");
    return typeof value === "string" ? value.trim() : "";
}

/** Whether a change of settings counts only in a new server. The server hears of the others while it runs. */
export function needsRestart(affects: (setting: string) => boolean): boolean {
    return ["heard.path", "heard.diagnosticMode"].some(affects);
}
