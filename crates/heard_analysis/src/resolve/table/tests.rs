//! What one file's table says, and that it survives being written down.

use super::{FileTable, Slot};
use crate::resolve::ir::Ir;

fn table(text: &str) -> FileTable {
    let parsed = ruff_python_parser::parse_unchecked_source(text, ruff_python_ast::PySourceType::Python);
    FileTable::of(text, parsed.suite(), (3, 12))
}

fn name(name: &str) -> Ir {
    Ir::Name(name.into())
}

#[test]
fn a_table_is_plain_data() {
    let text = "
import asyncio, os.path as path
from .state import *
from typing import Callable as Function

__all__ = ['Hub', 'start']

class Hub(Base[int], metaclass=Meta):
    limit: int = 3

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop = loop
        self.tasks: set['asyncio.Task[None]'] = set()

    @property
    async def state(self): ...

async def start(hub, *hubs: Hub):
    for one in hubs:
        yield one
";
    let table = table(text);
    let written = serde_json::to_string(&table).unwrap();
    let read: FileTable = serde_json::from_str(&written).unwrap();
    assert_eq!(read, table);

    let hub = &table.classes[0];
    assert_eq!((hub.qualified.as_str(), hub.fields.len(), hub.metaclass.as_ref()), ("Hub", 1, Some(&name("Meta"))));
    let loop_type = Ir::Attr(Box::new(name("asyncio")), "AbstractEventLoop".into());
    assert_eq!(hub.attributes.get("loop"), Some(&[Slot::Value(Ir::Typed(Box::new(loop_type)))][..]));
    assert!(matches!(hub.attributes.get("tasks"), Some([Slot::Annotated(Ir::Sub(..), Some(Ir::Call(..)))])));
    let functions: Vec<_> =
        table.functions.iter().map(|function| (function.qualified.as_str(), function.is_async, function.yields)).collect();
    assert_eq!(functions, [("Hub.__init__", false, false), ("Hub.state", true, false), ("start", true, true)]);
    assert!(table.functions.iter().zip(0..).all(|(function, index)| table.function_at(function.at) == Some(index)));
    assert!(table.gives_by_star("Hub") && !table.gives_by_star("asyncio"));
}

#[test]
fn a_binding_speaks_of_what_its_name_was_before() {
    let table = table("from base import Hub\n\nclass Hub(Hub):\n    close = close\n");
    let [Ir::Earlier(_, slots)] = &*table.classes[0].bases else { panic!("{:?}", table.classes[0].bases) };
    assert!(matches!(&**slots, [Slot::From(import)] if import.name == "Hub"));
    assert_eq!(table.classes[0].members.get("close"), Some(&[Slot::Value(Ir::Earlier("close".into(), Box::new([])))][..]));
}

#[test]
fn only_branches_that_run_count() {
    let text = "
import sys
if sys.version_info >= (3, 13):
    from new import run
elif sys.version_info[0] == 3:
    from old import run
else:
    run = None
if sys.platform == 'win32':
    stop = 1
else:
    stop = None
";
    let table = table(text);
    assert!(matches!(table.names.get("run"), Some([Slot::From(import)]) if import.module.name == "old"));
    assert_eq!(table.names.get("stop"), Some(&[Slot::Value(Ir::Int(Some(1))), Slot::Value(Ir::None)][..]));
}

#[test]
fn results_speak_of_no_local_names() {
    let text = "
def make(kind: str, other):
    async def run(): ...
    made = Hub(kind)
    if isinstance(other, Hub):
        return other
    return made

def decorate(function):
    def inner(): ...
    return inner

class Pool:
    def first(self):
        return self.hubs[0]
";
    let table = table(text);
    let results = |index: usize| table.functions[index].results.as_deref();
    // What a test narrows is not known from its bindings alone.
    assert_eq!(results(0), None);
    assert_eq!(results(2), Some(&[Ir::Function(3)][..]));
    let hubs = Ir::Attr(Box::new(Ir::Own), "hubs".into());
    assert_eq!(results(4), Some(&[Ir::Sub(Box::new(hubs), Box::new([Ir::Int(Some(0))]))][..]));
}
