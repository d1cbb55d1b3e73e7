import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, Runner } from "../src/runner";

function unexpected(error: unknown): void {
    assert.ifError(error);
}

/** Clients that write down what becomes of them. */
function clients(told: string[]): () => Promise<Client> {
    let number = 0;
    return () => {
        const name = String(++number);
        const tell = (what: string) => (): Promise<void> => {
            told.push(`${what} ${name}`);
            return Promise.resolve();
        };
        return Promise.resolve({ start: tell("start"), stop: tell("stop") });
    };
}

test("a server ends before the next one starts", async () => {
    const told: string[] = [];
    const runner = new Runner(clients(told), unexpected);
    await runner.restart();
    await runner.restart();
    await runner.stop();
    await runner.stop();
    assert.deepEqual(told, ["start 1", "stop 1", "start 2", "stop 2"]);
});

test("of many restarts at once, one is made", async () => {
    const told: string[] = [];
    const runner = new Runner(clients(told), unexpected);
    await Promise.all([runner.restart(), runner.restart(), runner.restart()]);
    assert.deepEqual(told, ["start 1"]);
    await Promise.all([runner.restart(), runner.stop()]);
    assert.deepEqual(told, ["start 1", "stop 1"]);
});

test("what cannot start is told, and can be started later", async () => {
    const failures: unknown[] = [];
    const told: string[] = [];
    const good = clients(told);
    const makes = [
        (): Promise<Client> => Promise.reject(new Error("no interpreter")),
        (): Promise<Client> =>
            Promise.resolve({ start: () => Promise.reject(new Error("no server")), stop: () => Promise.resolve() }),
        (): Promise<undefined> => Promise.resolve(undefined),
    ];
    const runner = new Runner(
        () => (makes.shift() ?? good)(),
        (error) => failures.push(error),
    );
    for (let tries = 0; tries < 4; tries++) {
        await runner.restart();
    }
    assert.deepEqual(failures.map(String), ["Error: no interpreter", "Error: no server"]);
    assert.deepEqual(told, ["start 1"]);
});
