"""The primitives that asyncio lacks; their public names are in `heard`."""
