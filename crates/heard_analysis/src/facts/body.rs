//! One walk over a module that tells, for each call and each name, how its value is used.
//!
//! A [`Use`] is handed down from the statement to the expressions in it, so that a call knows at
//! once whether its value is dropped, awaited, bound, or what else. Nothing is decided here:
//! `flow` judges the uses.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::{
    Comprehension, ExceptHandlerExceptHandler, Expr, ExprAttribute, ExprCall, PatternMatchClass, Stmt, StmtClassDef, StmtFunctionDef,
    StmtTry, StmtWith,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Operation;
use super::models::Models;
use crate::resolve::Module;

mod graph;
mod walk;

pub(crate) use graph::{Edge, Graph, Step};
use walk::walk;

pub(crate) use walk::constant;

/// How the value of an expression is used, right where it stands.
#[derive(Clone, Debug)]
pub(crate) enum Use<'a> {
    /// The expression is a statement.
    Dropped,
    /// The expression is a statement, and the last one of a notebook's cell, which shows it to whoever runs it.
    Displayed,
    /// Awaited; what comes of it is used so.
    Awaited(Rc<Use<'a>>),
    /// Entered with `with` or `async with`.
    Entered { is_async: bool, at: TextRange },
    /// Iterated with `async for`; each element is used so.
    EachAsync(Rc<Use<'a>>, TextRange),
    /// Bound to a name, by that of its stores.
    Bound(Local, usize),
    /// Put in the container that a name holds.
    Held(Local),
    /// Put in a container that is used so.
    Element(Rc<Use<'a>>),
    /// Put in a set, together with others: what is used so has lost its order.
    Shuffled(Rc<Use<'a>>),
    /// Put as a value in a mapping that is used so.
    Entry(Rc<Use<'a>>),
    /// Put at this place of a tuple that is used so.
    Part(usize, Rc<Use<'a>>),
    /// Iterated; each element is used so.
    Each(Rc<Use<'a>>, TextRange),
    /// Taken apart; the parts are used so.
    Unpacked(Rc<[Use<'a>]>),
    /// What is left of an iterable that is taken apart: a list that is used so.
    Rest(Rc<Use<'a>>),
    /// Indexed, where it is known at this place; what comes of it is used so.
    Subscripted(Option<usize>, Rc<Use<'a>>),
    /// Used in all these ways.
    Several(Rc<[Use<'a>]>),
    /// Returned or yielded by a function.
    Returned,
    /// Given by a coroutine function or an async generator, which says that it gives this.
    Promised(&'a Expr, Operation, TextRange),
    /// Returned by a special method that must give a plain value, like `__bool__`.
    SpecialMethod(TextRange),
    /// Returned by a lambda that is used so.
    LambdaResult(Rc<Use<'a>>),
    /// Kept in this place, which outlives the body.
    Stored(Place<'a>),
    /// Bound to a name of the function around, at any time.
    Shared(Local),
    /// An operand of something that takes plain values.
    Operand(Operation, TextRange),
    /// One side of `+` or `|`; of containers, what comes of it is used so.
    Added(Rc<Use<'a>>, TextRange),
    /// Part of an f-string that is used so.
    Formatted(Rc<Use<'a>>, TextRange),
    /// Raised, matched, or asked what it is.
    Examined,
    /// Looked at without being read: `is None`, `del`.
    Glanced(TextRange),
    /// An argument of a call whose own value is used so.
    Argument { call: &'a ExprCall, place: usize, result: Rc<Use<'a>> },
    /// The object whose attribute is taken; `called` is the call, where the attribute is called.
    Receiver { attribute: &'a ExprAttribute, called: Option<&'a ExprCall>, result: Rc<Use<'a>> },
    /// Anything else.
    Other,
}

impl Use<'_> {
    /// Whether the expression is a statement, so that no other code gets its value.
    pub(crate) fn is_dropped(&self) -> bool {
        matches!(self, Use::Dropped | Use::Displayed)
    }
}

/// A place that outlives the body that puts a value there.
#[derive(Clone, Debug)]
pub(crate) enum Place<'a> {
    /// An attribute, `self._task` say, as seen from this frame.
    Attribute(&'a ExprAttribute, usize),
    /// A name in the body of a class.
    Member(&'a StmtClassDef, Name),
    /// A name of the module.
    Global(Name),
    /// A container that nothing is known of, or a slice of one.
    Elsewhere,
}

/// A name in one scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    pub(crate) frame: usize,
    pub(crate) name: Name,
}

/// What is known of a name in its scope.
#[derive(Debug, Default)]
pub(crate) struct Variable<'a> {
    pub(crate) loads: Vec<Load<'a>>,
    pub(crate) stores: Vec<Store>,
    /// What it is declared as.
    pub(crate) annotation: Option<&'a Expr>,
    /// Whether a function inside binds the name, and so may do so at any time.
    pub(crate) is_shared: bool,
    /// Whether the name is a parameter.
    pub(crate) is_parameter: bool,
    /// Whether an import binds it.
    pub(crate) is_import: bool,
}

/// One place where a name is read.
#[derive(Clone, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) how: Use<'a>,
    pub(crate) range: TextRange,
    pub(crate) step: Step,
    /// Whether it stands in a function inside the name's scope, and so may run at any time.
    pub(crate) is_nested: bool,
}

/// One place where an attribute is read.
#[derive(Clone, Debug)]
pub(crate) struct AttributeLoad<'a> {
    pub(crate) attribute: &'a ExprAttribute,
    pub(crate) how: Use<'a>,
    pub(crate) around: Around<'a>,
    /// Whether nothing leads to it.
    pub(crate) is_dead: bool,
}

/// One binding of a name.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) statement: TextRange,
    pub(crate) step: Step,
    /// What the value is, where it is a container made on the spot.
    pub(crate) new_container: Option<Container>,
}

/// What iterating a container gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// Its elements.
    Sequence,
    /// Its keys.
    Mapping,
}

/// One call.
#[derive(Debug)]
pub(crate) struct CallSite<'a> {
    pub(crate) call: &'a ExprCall,
    pub(crate) how: Use<'a>,
    /// Whether nothing leads to it.
    pub(crate) is_dead: bool,
    pub(crate) around: Around<'a>,
    /// When it has returned.
    pub(crate) step: Step,
    /// The `for` parts of the comprehension around it, where `await` changes what the comprehension is.
    pub(crate) comprehension: Option<&'a [Comprehension]>,
}

/// One statement that runs.
#[derive(Debug)]
pub(crate) struct StatementSite<'a> {
    pub(crate) statement: &'a Stmt,
    pub(crate) around: Around<'a>,
}

/// What stands around a statement or a call.
#[derive(Clone, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) scope: Rc<Scope<'a>>,
    /// The statement; of a compound one the header.
    pub(crate) statement: TextRange,
    nest: Option<Rc<Nest<'a>>>,
}

impl<'a> Around<'a> {
    /// The blocks around it inside its function, the innermost first.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block<'a>> + '_ {
        std::iter::successors(self.nest.as_deref(), |nest| nest.outer.as_deref()).map(|nest| nest.block)
    }
}

/// A block and the blocks around it.
#[derive(Debug)]
struct Nest<'a> {
    block: Block<'a>,
    outer: Option<Rc<Nest<'a>>>,
}

/// A part of a compound statement, with statements in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Block<'a> {
    /// The body of a `for` or `while` loop.
    Loop(&'a Stmt),
    /// A branch of an `if`, taken where `test` is true, or with `holds` false, where it is not.
    Branch { test: &'a Expr, holds: bool },
    /// A case of a `match`.
    Case,
    /// The body of a `with`.
    With(&'a StmtWith),
    /// The body of a `try`.
    Try(&'a StmtTry),
    /// One of its handlers.
    Handler(&'a ExceptHandlerExceptHandler),
    /// The `else` of a `try` or of a loop.
    Else,
    /// The `finally` of a `try`.
    Finally(&'a StmtTry),
}

/// The function, class or module that something stands in.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// The qualified name inside the module; empty for the module.
    pub(crate) symbol: String,
    /// Whether `await` may stand here.
    pub(crate) is_async: bool,
    /// The innermost function.
    pub(crate) function: Option<&'a StmtFunctionDef>,
    /// The class whose method the function is.
    pub(crate) class: Option<&'a StmtClassDef>,
    /// The frame of names.
    pub(crate) frame: usize,
}

/// All that the walk found.
#[derive(Debug, Default)]
pub(crate) struct Body<'a> {
    pub(crate) calls: Vec<CallSite<'a>>,
    /// The place of each call among them, by its range.
    places: FxHashMap<TextRange, usize>,
    pub(crate) statements: Vec<StatementSite<'a>>,
    /// The statements whose value a notebook displays.
    pub(crate) displayed: FxHashSet<TextRange>,
    pub(crate) variables: FxHashMap<Local, Variable<'a>>,
    /// The places where attributes are read, by the attribute's name.
    pub(crate) attributes: FxHashMap<&'a Name, Vec<AttributeLoad<'a>>>,
    /// The patterns of `match` that take attributes out of an object.
    pub(crate) class_patterns: Vec<&'a PatternMatchClass>,
    /// The values that names of a function are bound to, where that is one plain assignment.
    pub(crate) values: FxHashMap<Local, &'a Expr>,
    /// The values of those that are bound several times, by a plain assignment each time.
    pub(crate) choices: FxHashMap<Local, Vec<&'a Expr>>,
    /// Frames whose names may be read by other means, like `locals()`.
    pub(crate) dynamic_frames: Vec<usize>,
    pub(crate) graph: Graph<'a>,
    /// The store that happens at a step: the name, and which of its stores.
    pub(crate) bindings: FxHashMap<Step, (Local, usize)>,
    /// What `from … import name as alias` names have in their own modules.
    pub(crate) aliases: FxHashMap<Name, Name>,
    /// The scopes of names; the module's is the first.
    pub(crate) frames: Vec<Frame<'a>>,
}

/// The bodies of the modules that a thread works with: each is walked over once.
#[derive(Debug, Default)]
pub(crate) struct Bodies<'db>(RefCell<FxHashMap<Arc<Utf8Path>, Rc<Body<'db>>>>);

impl<'db> Bodies<'db> {
    /// The body of a module.
    pub(crate) fn of(&self, module: &Module<'db>, models: &Models) -> Rc<Body<'db>> {
        if let Some(known) = self.0.borrow().get(module.path()) {
            return Rc::clone(known);
        }
        let displayed = module.is_notebook().then(|| module.displayed());
        let body = Rc::new(walk(module.body(), models, displayed));
        self.0.borrow_mut().insert(Arc::clone(module.path()), Rc::clone(&body));
        body
    }
}

/// The names of one scope.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// The frame around it.
    pub(crate) parent: Option<usize>,
    pub(crate) kind: FrameKind,
    /// The function, lambda, class or comprehension.
    pub(crate) range: TextRange,
    /// The function whose names they are.
    pub(crate) function: Option<&'a StmtFunctionDef>,
    /// The class whose method that is.
    pub(crate) class: Option<&'a StmtClassDef>,
}

/// What makes a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Module,
    Class,
    Function,
    Comprehension,
}

impl<'a> Body<'a> {
    /// Whether a frame is that of a function, or lies in one: what is defined there is made anew by each call.
    pub(crate) fn is_in_function(&self, frame: usize) -> bool {
        std::iter::successors(Some(frame), |frame| self.frames[*frame].parent).any(|frame| self.frames[frame].kind == FrameKind::Function)
    }

    /// The last part of the name that a call goes to, under the name that it has in its own module.
    pub(crate) fn called_name<'c>(&'c self, call: &'c ExprCall) -> Option<&'c Name> {
        let name = last_name(&call.func)?;
        Some(if call.func.is_name_expr() { self.aliases.get(name).unwrap_or(name) } else { name })
    }

    /// The values that a name of a function is bound to, where each binding is one plain assignment.
    pub(crate) fn values_of(&self, local: &Local) -> Vec<&'a Expr> {
        let only = self.values.get(local).copied();
        self.choices.get(local).cloned().unwrap_or_else(|| only.into_iter().collect())
    }

    /// Whether some cell of a notebook asks again for what another one has shown: by `_`, `_3` or `Out[3]`.
    pub(crate) fn recalls_displayed(&self) -> bool {
        let is_history = |name: &str| {
            let number = name.trim_start_matches('_');
            matches!(name, "_" | "__" | "___" | "Out" | "_oh")
                || name.starts_with('_') && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_recalled = |variable: &Variable| !variable.loads.is_empty() && variable.stores.is_empty();
        self.variables.iter().any(|(local, variable)| local.frame == 0 && is_history(&local.name) && is_recalled(variable))
    }

    /// Where a call stands.
    pub(crate) fn site_of(&self, call: &ExprCall) -> Option<&CallSite<'a>> {
        self.site_at(call.range())
    }

    /// The call that stands there.
    pub(crate) fn site_at(&self, range: TextRange) -> Option<&CallSite<'a>> {
        self.calls.get(*self.places.get(&range)?)
    }

    /// The scope that binds `name` as seen from `frame`, or `None` where no function does.
    pub(crate) fn binding_frame(&self, frame: usize, name: &Name) -> Option<usize> {
        self.bound_from(frame, name, true)
    }

    /// The same as seen from a function in `frame`, which does not see the names of a class.
    pub(crate) fn binding_frame_around(&self, frame: usize, name: &Name) -> Option<usize> {
        self.bound_from(frame, name, false)
    }

    /// The class whose instance, or which itself, `name` stands for as the first parameter of a method.
    pub(crate) fn receiver_class(&self, frame: usize, name: &Name) -> Option<&'a StmtClassDef> {
        let Frame { function, class, .. } = &self.frames[self.binding_frame(frame, name)?];
        let (function, class) = ((*function)?, (*class)?);
        let first = function.parameters.iter().next()?;
        (first.name().id == *name && !is_static(function)).then_some(class)
    }

    /// The frame of a function's names.
    pub(crate) fn frame_of(&self, function: &StmtFunctionDef) -> Option<usize> {
        self.frames.iter().position(|frame| frame.function.is_some_and(|known| known.range() == function.range()))
    }

    fn bound_from(&self, frame: usize, name: &Name, sees_class: bool) -> Option<usize> {
        let mut current = Some(frame);
        let mut is_first = sees_class;
        while let Some(index) = current {
            let Frame { parent, kind, .. } = self.frames[index];
            // A class's names are not seen from the functions in it.
            let is_visible = is_first || kind != FrameKind::Class;
            if is_visible && self.variables.get(&Local { frame: index, name: name.clone() }).is_some_and(Variable::is_bound) {
                return Some(index);
            }
            is_first = false;
            current = parent;
        }
        None
    }
}

impl Variable<'_> {
    /// Whether the scope binds the name more than once, a parameter by being called included.
    pub(crate) fn is_rebound(&self) -> bool {
        self.stores.len() > 1
    }

    /// Whether something in the scope binds the name.
    pub(crate) fn is_bound(&self) -> bool {
        !self.stores.is_empty()
    }
}

/// Whether a method is given no object of its class.
pub(crate) fn is_static(function: &StmtFunctionDef) -> bool {
    function.decorator_list.iter().any(|one| last_name(&one.expression).is_some_and(|name| name == "staticmethod"))
}

/// Whether an expression is the object whose method runs, by the name that everybody gives it.
pub(crate) fn is_self(expression: &Expr) -> bool {
    expression.as_name_expr().is_some_and(|name| name.id == "self")
}

/// The arguments of a call, the named ones behind the others.
pub(crate) fn arguments(call: &ExprCall) -> impl Iterator<Item = &Expr> {
    call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value))
}

/// The last part of the name that `expression` spells: `b` for `a.b`.
pub(crate) fn last_name(expression: &Expr) -> Option<&Name> {
    match expression {
        Expr::Name(name) => Some(&name.id),
        Expr::Attribute(attribute) => Some(&attribute.attr.id),
        _ => None,
    }
}
