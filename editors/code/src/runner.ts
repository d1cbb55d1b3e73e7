// The server that runs: at most one, and after each restart the one that was asked for last.

/** What is started and stopped. */
export interface Client {
    start(): Promise<void>;
    stop(): Promise<void>;
}

/** Starts and stops clients one after the other, however fast it is asked to. */
export class Runner {
    readonly #make: () => Promise<Client | undefined>;
    readonly #failed: (error: unknown) => void;
    #client: Client | undefined;
    #last: Promise<void> = Promise.resolve();
    #asked = 0;

    /** `make` gives no client where none can be started, and has said so; `failed` is told what else goes wrong. */
    constructor(make: () => Promise<Client | undefined>, failed: (error: unknown) => void) {
        this.#make = make;
        this.#failed = failed;
    }

    /** Ends the server that runs, if any, and starts one. Of several that wait, only the last does anything. */
    restart(): Promise<void> {
        const number = ++this.#asked;
        return this.#queue(async () => {
            if (number !== this.#asked) {
                return;
            }
            await this.#end();
            const client = await this.#make();
            if (client !== undefined) {
                this.#client = client;
                await client.start();
            }
        });
    }

    /** Ends the server that runs, and starts none of those that wait. */
    stop(): Promise<void> {
        this.#asked++;
        return this.#queue(() => this.#end());
    }

    #queue(work: () => Promise<void>): Promise<void> {
        this.#last = this.#last.then(work).catch(this.#failed);
        return this.#last;
    }

    async #end(): Promise<void> {
        const client = this.#client;
        this.#client = undefined;
        await client?.stop();
    }
}
