"""What the programs are about, so that they read like programs."""

NOUNS = (
    "prices", "invoices", "calendar", "orders", "photos", "sensors", "backups", "letters", "tickets", "weather",
    "menus", "parcels", "accounts", "rooms", "songs", "reports", "trains", "maps", "badges", "seats",
)  # fmt: skip

VERBS = ("fetch", "send", "store", "check", "load", "print", "index", "sync", "rate", "pack")

#: What goes wrong, and the type that says so.
ERRORS = (
    ("ConnectionError", "no answer"),
    ("ValueError", "not a number"),
    ("OSError", "disk is full"),
    ("LookupError", "not there"),
    ("RuntimeError", "out of order"),
    ("PermissionError", "not allowed"),
    ("KeyError", "no such key"),
    ("ArithmeticError", "does not add up"),
)
