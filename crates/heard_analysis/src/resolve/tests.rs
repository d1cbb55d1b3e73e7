//! What calls go to, as data: in each program, `probe(f)` is followed by a comment with the qualified name
//! of the one thing that `f` is, or with `?` where that is not known.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::{Database, Module};
use crate::system::InMemorySystem;
use crate::{Environment, Program, Settings};

struct Probes<'a>(Vec<&'a ExprCall>);

impl<'a> Visitor<'a> for Probes<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && matches!(&*call.func, Expr::Name(name) if name.id == "probe")
        {
            self.0.push(call);
        }
        walk_expr(self, expression);
    }
}

/// Asks about each probe of each file, and says where the answer is not the one in the comment.
fn wrong_answers(files: &[(&str, &str)], sources: &[&str], backwards: bool) -> Vec<String> {
    let system = InMemorySystem::default();
    let mut paths: Vec<Utf8PathBuf> = files.iter().map(|(path, _)| Utf8PathBuf::from(*path)).collect();
    for (path, text) in files {
        system.fs().write_file_all(path, *text).unwrap();
    }
    let settings = Settings {
        root: "/p".into(),
        source_roots: sources.iter().map(Utf8PathBuf::from).collect(),
        python_version: Some((3, 12)),
        environment: Environment::None,
        ..Settings::default()
    };
    let program = Program::new(Arc::new(system), &settings).unwrap();
    program.add_files(&paths);
    let db = Database::new(&program.shared);
    if backwards {
        paths.reverse();
    }
    for path in &paths {
        let path = Arc::from(path.as_path());
        db.add(&path, db.told(&path).unwrap().table);
    }
    paths.iter().flat_map(|path| wrong_in(&db, path, backwards)).collect()
}

fn wrong_in(db: &Database, path: &Utf8Path, backwards: bool) -> Vec<String> {
    let module = Module::open(db, path).unwrap();
    let mut probes = Probes(Vec::new());
    probes.visit_body(module.body());
    if backwards {
        probes.0.reverse();
    }
    let check = |call: &ExprCall| {
        let line = module.text()[call.end().to_usize()..].lines().next().unwrap_or_default();
        let (_, expected) = line.split_once("# ").unwrap_or_default();
        let found = module.target(call.arguments.args.first()?).and_then(|callee| callee.name).unwrap_or_else(|| "?".to_owned());
        (found != expected.trim()).then(|| format!("{path}: {} is {found}, not {expected}", &module.text()[call.range()]))
    };
    probes.0.into_iter().filter_map(check).collect()
}

/// The same answers, whoever asks first.
#[track_caller]
fn check(files: &[(&str, &str)], sources: &[&str]) {
    for backwards in [false, true] {
        assert_eq!(wrong_answers(files, sources, backwards), Vec::<String>::new(), "backwards: {backwards}");
    }
}

#[test]
fn a_receiver_leads_to_its_method() {
    let text = "
import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Optional, Self, TypeVar

T = TypeVar('T')


class Hub:
    async def start(self) -> None: ...
    def copy(self) -> Self: ...
    @classmethod
    def make(cls) -> Self: ...


class Quick(Hub):
    async def start(self) -> None:
        probe(super().start)  # m.Hub.start


class Pool(Generic[T]):
    def __init__(self, first: T) -> None:
        self.first = first
        self.all: list[T] = []

    @property
    def one(self) -> T: ...
    @cached_property
    def hub(self) -> Hub: ...
    def open(self):
        return Hub()


@dataclass
class Job:
    hub: Optional[Hub] = None


def load(hub: Hub | None, pool: 'Pool[Quick]', job: Job) -> None:
    probe(hub.start)  # m.Hub.start
    probe(pool.one.start)  # m.Quick.start
    probe(pool.all[0].copy().start)  # m.Quick.start
    probe(pool.hub.start)  # m.Hub.start
    probe(job.hub.start)  # m.Hub.start
    probe(Pool(Quick()).first.start)  # m.Quick.start
    probe(Quick.make().start)  # m.Quick.start
    probe(pool.open().start)  # ?
    probe(job.nothing)  # ?
    for one in pool.all:
        probe(one.start)  # m.Quick.start
    hubs = []
    hubs.append(Hub())
    probe(hubs[0].start)  # m.Hub.start
    either = hub or Quick()
    probe(either.copy)  # ?
    if isinstance(either, Quick):
        probe(either.start)  # m.Quick.start
    else:
        probe(either.start)  # m.Hub.start
    some = Job() if pool else Hub()
    probe(some.start)  # m.Hub.start
    with asyncio.Runner() as runner:
        probe(runner.run)  # asyncio.runners.Runner.run
    probe(asyncio.get_running_loop().create_task)  # asyncio.events.AbstractEventLoop.create_task
";
    check(&[("/p/m.py", text)], &["/p"]);
}

#[test]
fn what_leads_in_a_circle_has_one_answer() {
    let first = "
import b

class A(b.B):
    def __init__(self):
        self.other = b.make()

    def next(self) -> 'b.B':
        return self.other

node = b.node or A()
probe(A().next().last)  # b.B.last
probe(b.make().next)  # ?
probe(node.missing)  # ?
";
    let second = "
from __future__ import annotations
import a

class B:
    def last(self) -> a.A: ...

def make():
    return a.A() if a.node else make()

node = a.node
probe(B().last().next)  # a.A.next
";
    check(&[("/p/a.py", first), ("/p/b.py", second)], &["/p"]);
}

#[test]
fn every_file_has_search_roots_of_its_own() {
    let run = "async def run() -> None: ...\n";
    let files = [
        ("/p/services/my-mail/app/__init__.py", ""),
        ("/p/services/my-mail/app/jobs.py", "def run() -> None: ...\n"),
        (
            "/p/services/my-mail/app/main.py",
            "from app.jobs import run\nfrom . import jobs\nprobe(run)  # app.jobs.run\nprobe(jobs.run)  # app.jobs.run\n",
        ),
        ("/p/services/shop/app/__init__.py", ""),
        ("/p/services/shop/app/jobs.py", run),
        ("/p/services/shop/app/main.py", "import app.jobs\nprobe(app.jobs.run)  # services.shop.app.jobs.run\n"),
        ("/p/services/shop/tests/test_jobs.py", "from app.jobs import run\nprobe(run)  # services.shop.app.jobs.run\n"),
        ("/p/src/lib/__init__.py", "from .inner import *\nfrom .inner import _hidden as shown\n"),
        ("/p/src/lib/inner.py", "def work() -> None: ...\ndef _hidden() -> None: ...\n"),
        (
            "/p/tools/run.py",
            "import lib, types\nprobe(lib.work)  # lib.inner.work\nprobe(lib.shown)  # lib.inner._hidden\nprobe(lib._hidden)  # ?\nprobe(types.coroutine)  # types.coroutine\n",
        ),
    ];
    check(&files, &["/p/src", "/p"]);
}

#[test]
fn decorators_and_overloads_are_read() {
    let text = "
import contextlib
from typing import Callable, Literal, ParamSpec, TypeVar, overload
import unknown

F = TypeVar('F', bound=Callable)

def same(function: F) -> F: ...

class Client:
    async def read(self) -> str: ...

class Plain:
    def read(self) -> str: ...

@overload
def get(*, sync: Literal[False] = False) -> Client: ...
@overload
def get(*, sync: Literal[True]) -> Plain: ...
def get(*, sync=False): ...

@same
def kept() -> Client: ...
@unknown.decorate
def changed() -> Client: ...
@contextlib.contextmanager
def managed():
    yield Client()

@unknown.decorate
class Hidden:
    def read(self) -> str: ...

def use(factory: Callable[[], Client]) -> None:
    probe(get().read)  # m.Client.read
    probe(get(sync=True).read)  # m.Plain.read
    probe(kept)  # m.kept
    probe(kept().read)  # m.Client.read
    probe(changed)  # ?
    probe(factory().read)  # m.Client.read
    probe(Hidden().read)  # ?
    probe(managed)  # ?
";
    check(&[("/p/m.py", text)], &["/p"]);
}
