"""Mutation testing of analysers: break working asyncio code, and see which tool says so."""
