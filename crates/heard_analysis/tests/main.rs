//! The tests of the analyser: rule pages, flow cases, and what holds for the sources themselves.
//!
//! # How to write a page
//!
//! Every rule `unread_task.rs` has its page `unread_task.md` beside it. The page is what `heard rule`
//! prints and what these tests run. It starts with the title `# unread-task` and a summary of one or
//! two sentences, and goes on with these sections in this order: *Why it matters*, *Example*,
//! *Fixed*, *Not reported*, *Proof*, and where they are needed *Options* and *Known limits*.
//! `unused-allow` has no proof: Python does not see comments.
//!
//! A page is read in a terminal, in an editor and on the site, so it has one to three examples a
//! section, and names the others in a list. Those stand in `tests/rules/unread_task.md`, under the same
//! title and sections, and are tested in the same way.
//!
//! Cases (`tests/cases/*.md`) are written in the same way but have no fixed sections. They hold what
//! is too small or too odd for a page. A bug starts as a case that fails.
//!
//! # Blocks
//!
//! | fence | meaning |
//! |---|---|
//! | `py` | A module, analysed alone. It imports what it uses. |
//! | `py file=pkg/mod.py` | A module at that path. Such blocks in a row under one heading form one program. |
//! | `py fixed` | What the fixes of the module before make of it. |
//! | `py run` | A module that is analysed, and executed by every interpreter. |
//! | `output` | What the `run` block before prints to stdout, to the letter. |
//! | `toml file=pyproject.toml` | What the programs below it under the same heading declare in `[tool.heard]`. |
//! | `toml`, `sh`, `text` | For the reader only. |
//!
//! # Markers
//!
//! All modules are checked with all rules at level preview. A comment at the end of a line says that
//! a finding begins on that line; a line without a marker has none. Markers are cut off before the
//! module is analysed.
//!
//! | marker | meaning |
//! |---|---|
//! | `# error` | The page's rule, at level default. |
//! | `# strict`, `# preview` | The page's rule, at that level. |
//! | `# error: [dropped-task]` | Another rule. In cases the rule is always named. |
//! | `# error: [dropped-task] [unread-gather]` | Two findings. |
//! | `# error: "never awaited"` | The message has this part. |
//! | `# error: [dropped-task]  # strict: [unread-gather]` | Two findings at different levels. |
//!
//! # Proofs
//!
//! The first line of a `run` block says what becomes of the failure. The `output` block after it
//! shows that there was a failure, so that the proof can fail.
//!
//! | first line | meaning |
//! |---|---|
//! | `# silent` | The program ends well, and stderr is empty. |
//! | `# logged` | The program ends well, and stderr has a record of asyncio's. |
//! | `# logged: some text` | The program ends well, and stderr has this text. |
//! | `# warned` | The program ends well, and stderr has the warning of a coroutine that was never awaited. |
//! | `# raised: KeyError` | The program fails, and its last traceback ends with this exception. |
//!
//! A proof that takes a minute hangs. `HEARD_PYTHONS` lists the interpreters, separated as in `PATH`; without
//! it `python3` is taken.
//!
//! # Running
//!
//! `BLESS=1 cargo test -p heard_analysis` writes `fixed` and `output` blocks anew. They must exist,
//! empty or not. Markers are changed by hand. `HEARD_PAGE=gather` runs only the pages and cases that
//! have `gather` in their file name.

mod analysis;
mod document;
mod failures;
mod generated;
mod marker;
mod order;
mod pages;
mod python;
mod record;
mod session;
mod tidy;
mod torn;
