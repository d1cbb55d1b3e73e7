"""Where the monitor listens: each module is one place of asyncio, of the interpreter or of threads, and its way back."""
