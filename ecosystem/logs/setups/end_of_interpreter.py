"""A coroutine that is found at the end of the interpreter, where no place is known."""

# /// script
# [tool.heard]
# losses = [{kind = "coroutine-never-awaited", coroutine = "later"}]
# ///


async def later():
    pass


kept = later()
