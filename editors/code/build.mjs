// Puts the extension together, `tests` the tests as well: dist/extension.js and dist/tests/.
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const options = { bundle: true, format: "cjs", platform: "node", target: "node20", logLevel: "warning" };

await build({
    ...options,
    entryPoints: ["src/extension.ts"],
    external: ["vscode"],
    minify: true,
    outfile: "dist/extension.js",
});
if (process.argv[2] === "tests") {
    const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
    await build({
        ...options,
        entryPoints: tests.map((name) => `test/${name}`),
        outdir: "dist/tests",
        outExtension: { ".js": ".cjs" },
    });
}
