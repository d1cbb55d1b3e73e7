//! Models: what code does with an awaitable where we do not read its body.
//!
//! They are data, in `models/*.toml`, by the qualified name of the place of definition (for the
//! standard library: its place in typeshed). A package may bring a file of its own, and a project may
//! name functions in its configuration. `docs/models.md` describes the format; the keys:
//!
//! - `[class."module.Class"]`: `kind`, what an instance is, and `unbounded = true` where it may give any
//!   number of elements, and `holds`, how it holds what is put in it: as a `sequence` or a `mapping`, with `weak = true` where
//!   that does not keep it alive. Subclasses
//!   are the same.
//! - `[function."module.Class.name"]`:
//!   - `also-called`: the last parts of other names that the library has for it.
//!   - `gives`: the kind of what a call returns, where its type does not tell.
//!   - `wraps = true`: what it returns stands for what it was given, and so is the caller's alone
//!     only where that was made on the spot.
//!   - `owned = true`: what it returns has an owner that reads its outcome already.
//!   - `maps = true`: it calls its first argument for each element of the others, and gives what comes
//!     of that.
//!   - `reads-names = true`: it may reach values by other means than the names that hold them.
//!   - `never-fails = true`: a call, and the awaiting of it, can only be cancelled.
//!   - `harmless = true`: a call does not fail in practice, given what it is for.
//!   - `endless = true`: the call, or the awaiting of it, does not return, or what it returns can be
//!     iterated for ever.
//!   - `ends-cancelled = true`: whoever ends it, who awaits it gets a `CancelledError`.
//!   - `timer = true`: who awaits it is held by the loop's timer until then.
//!   - `ends-loop = true`: when the coroutine that it is given ends, what else runs in the loop is cancelled.
//!   - `swallows = true`: a `with` over it takes the exceptions that it is given.
//!   - `limits = true`: what it is given to await, or what is awaited in its block, is cancelled after a time.
//!   - `shields = true`: what it is given runs on where the awaiting of what it returns is cancelled.
//!   - `unbounded = true`: what it returns comes from outside and may have any number of elements.
//!   - `makes`: the kind of what a function gives that it decorates.
//!   - `hears = true`: it hears the failure of what it is given: of an awaitable, of a function that it
//!     decorates, or of what is done when it is a done callback.
//!   - `arguments`: what it does with what it is given, see [`Effect`].
//!   - `callbacks`: what becomes of what a function among its arguments returns, see [`Callbacks`].
//!     `callback-place` and `callback-name` say which argument is called.
//!   - `refuses-async = true`: it raises where it is given a coroutine function.
//!   - `leaves-task = true`: nobody but its caller keeps the task that it starts.
//!   - `sets`: what it sets that decides whether asyncio can tell of failures, see [`Setting`].
//! - `[untyped."module.Class"]`: what is taken for an instance of the class where the type is not known:
//!   objects with these `names`, and objects whose `methods` are called so.
//! - `[test-case."module.Class"]`: `awaits-tests`, whether it awaits the test methods of its subclasses,
//!   and `fixtures`, the methods that it calls and never awaits.
//! - `[methods.KIND]`: what the methods of a value do with its outcome: `read` it, `ignore` it, or
//!   `unknown`. Only the models that come with heard may say so.

mod brought;
mod weights;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ruff_python_ast::{Expr, ExprCall};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::Kind;
use super::flow::Layer;

pub(crate) use brought::{Brought, Problem, Spawner};
pub(crate) use weights::{weight_of, weight_of_method, weight_of_wait};

/// What a function does with an awaitable that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    /// Awaits it, schedules it, or takes it over in another way.
    Consume,
    /// Waits for the tasks in it, and returns those that are done and those that are not.
    WaitFor,
    /// Waits for the awaitables in it, and gives each when it is done.
    Complete,
    /// Returns something that stands for it: what happens to the result happens to it.
    Pass,
    /// Awaits it and returns what comes of that.
    Await,
    /// Takes it for a plain value.
    Value,
    /// Makes a text of it.
    Text,
    /// Takes each element of it for a plain value.
    EachValue,
    /// Returns one of the elements, which it compares.
    Pick,
    /// Takes an element out of an iterator and returns it, or what it is given for the end.
    Next,
    /// Asks of each element whether it is true.
    EachTruth,
    /// Writes it out.
    Print,
    /// Writes it to a log.
    Log,
    /// Returns a container of the same elements.
    SameElements,
    /// Returns a set of the same elements.
    Shuffle,
    /// Returns a list of the same elements, which it compares.
    Sort,
    /// Returns an iterator over tuples, with the elements of the nth argument at place n.
    Zip,
    /// Returns an iterator over pairs, with the elements at the second place.
    Enumerate,
    /// Asks what it is.
    Examine,
    /// Nothing.
    Ignore,
}

/// What is known of one function.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the files")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct FunctionModel {
    /// The last parts of other names for it: `run_sync` for what is defined as `to_thread_run_sync`.
    #[serde(default)]
    pub(crate) also_called: Vec<String>,
    /// The kind of what a call returns.
    pub(crate) gives: Option<Kind>,
    /// Whether what it returns is, or stands for, what it was given.
    #[serde(default)]
    pub(crate) wraps: bool,
    /// Whether somebody else reads the outcome of what a call returns.
    #[serde(default)]
    pub(crate) owned: bool,
    /// Whether it calls its first argument for each element of the others, and gives what comes of
    /// that.
    #[serde(default)]
    pub(crate) maps: bool,
    /// Whether it may reach values by other means than the names that hold them.
    #[serde(default)]
    pub(crate) reads_names: bool,
    /// Whether it does not fail, but for cancellation.
    #[serde(default)]
    pub(crate) never_fails: bool,
    /// Whether a call does not fail in practice, given what it is for.
    #[serde(default)]
    pub(crate) harmless: bool,
    /// Whether nothing comes behind it: the call or the awaiting of it does not return, or what it
    /// returns can be iterated for ever.
    #[serde(default)]
    pub(crate) endless: bool,
    /// Whether who awaits it gets a `CancelledError`, whoever ends it.
    #[serde(default)]
    pub(crate) ends_cancelled: bool,
    /// Whether the loop's timer holds who awaits it.
    #[serde(default)]
    pub(crate) timer: bool,
    /// Whether what else runs in the loop is cancelled when the coroutine that it is given ends.
    #[serde(default)]
    pub(crate) ends_loop: bool,
    /// Whether a `with` over it takes the exceptions that it is given.
    #[serde(default)]
    pub(crate) swallows: bool,
    /// Whether what it is given to await, or what is awaited in its block, is cancelled after a time.
    #[serde(default)]
    pub(crate) limits: bool,
    /// Whether what it is given runs on where the awaiting of what it returns is cancelled.
    #[serde(default)]
    pub(crate) shields: bool,
    /// Whether what it returns may have any number of elements.
    #[serde(default)]
    pub(crate) unbounded: bool,
    /// The kind of what a function gives that it decorates.
    pub(crate) makes: Option<Kind>,
    /// Whether it hears the failure of what it is given.
    #[serde(default)]
    pub(crate) hears: bool,
    /// What happens to the arguments.
    pub(crate) arguments: Option<Effect>,
    /// What happens to the result of a function among the arguments.
    pub(crate) callbacks: Option<Callbacks>,
    /// Which argument is called, where it is given by its place, and where by its name.
    pub(crate) callback_place: Option<usize>,
    pub(crate) callback_name: Option<String>,
    /// Whether it raises where it is given a coroutine function.
    #[serde(default)]
    pub(crate) refuses_async: bool,
    /// Whether nobody but the caller keeps the task that it starts.
    #[serde(default)]
    pub(crate) leaves_task: bool,
    /// What it sets that decides whether asyncio can tell of failures.
    pub(crate) sets: Option<Setting>,
}

impl FunctionModel {
    /// The model of a function that keeps and reads the task that it starts. One that has to be awaited
    /// itself gives a coroutine like any other.
    fn spawner(is_async: bool) -> Self {
        FunctionModel { owned: !is_async, arguments: Some(Effect::Consume), ..FunctionModel::default() }
    }

    /// The model of a function that hears the failure of what it is given.
    fn hearer() -> Self {
        FunctionModel { hears: true, arguments: Some(Effect::Consume), ..FunctionModel::default() }
    }

    /// The argument of `call` that is called back.
    pub(crate) fn callback<'c>(&self, call: &'c ExprCall) -> Option<&'c Expr> {
        let named = self.callback_name.as_deref().and_then(|name| call.arguments.find_keyword(name));
        if let Some(keyword) = named {
            return Some(&keyword.value);
        }
        let place = self.callback_place?;
        let first = call.arguments.args.get(..=place)?;
        if first.iter().any(Expr::is_starred_expr) { None } else { first.last() }
    }

    /// Whether it matters where a value goes.
    fn does_something(&self) -> bool {
        self.gives.is_some()
            || self.owned
            || self.endless
            || self.maps
            || self.hears
            || self.arguments.is_some()
            || self.callbacks.is_some()
            || self.sets.is_some()
    }
}

/// What happens to the result of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Callbacks {
    /// It is dropped.
    DropResult,
    /// It is awaited, or handed to somebody who does: the function is, or may be, async.
    Await,
    /// It becomes the outcome of the future that the call gives.
    Outcome,
    /// It is tested for truth.
    TestResult,
    /// It is compared with others.
    CompareResult,
}

/// Something that decides whether asyncio can tell of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Setting {
    /// The function that an event loop tells of failures that nobody read.
    ExceptionHandler,
    /// The least level that a logger lets through.
    Level,
    /// The level up to which no logger lets anything through.
    DisabledLevel,
    /// All of logging, told by the options of a call.
    RootLogging,
    /// All of logging, told by a dictionary.
    Logging,
    /// Which warnings are shown: the action, the message, the category, the module.
    WarningFilter,
    /// Which warnings are shown: the action, the category.
    SimpleFilter,
}

/// What a class of tests does with async methods.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TestCase {
    /// Whether it awaits the test methods of its subclasses.
    pub(crate) awaits_tests: bool,
    /// The methods that it calls and never awaits.
    pub(crate) fixtures: Vec<String>,
}

/// What a method does with the outcome of the value that it is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Read,
    Ignore,
    Unknown,
    /// The kind has no such method.
    Absent,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    class: FxHashMap<String, Class>,
    #[serde(default)]
    function: FxHashMap<String, FunctionModel>,
    #[serde(default)]
    untyped: BTreeMap<String, Untyped>,
    #[serde(default)]
    methods: FxHashMap<Kind, Methods>,
    #[serde(default, rename = "test-case")]
    test_case: FxHashMap<String, TestCase>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Untyped {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    /// What an instance is to somebody who waits.
    kind: Option<Kind>,
    /// Whether an instance may give any number of elements.
    #[serde(default)]
    unbounded: bool,
    /// How an instance holds what is put in it.
    holds: Option<Layer>,
    /// Whether it does not keep alive what it holds.
    #[serde(default)]
    weak: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Methods {
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    unknown: Vec<String>,
}

/// All models together.
#[derive(Clone, Debug)]
pub(crate) struct Models {
    files: File,
    /// For the last part of each function's name, the whole names: a call by any other name needs no
    /// look-up.
    names: FxHashMap<String, Vec<String>>,
    /// The functions that the project has declared to be its spawners.
    pub(crate) spawners: Vec<Spawner>,
}

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    let mut files = File::default();
    for (name, text) in [
        ("asyncio.toml", include_str!("models/asyncio.toml")),
        ("builtins.toml", include_str!("models/builtins.toml")),
        ("logging.toml", include_str!("models/logging.toml")),
        ("concurrent_futures.toml", include_str!("models/concurrent_futures.toml")),
        ("sources.toml", include_str!("models/sources.toml")),
        ("threading.toml", include_str!("models/threading.toml")),
        ("multiprocessing.toml", include_str!("models/multiprocessing.toml")),
        ("heard.toml", include_str!("models/heard.toml")),
        ("hooks.toml", include_str!("models/hooks.toml")),
        ("collections.toml", include_str!("models/collections.toml")),
        ("contextlib.toml", include_str!("models/contextlib.toml")),
        ("inspect.toml", include_str!("models/inspect.toml")),
        ("unittest.toml", include_str!("models/unittest.toml")),
        ("warnings.toml", include_str!("models/warnings.toml")),
        ("aiojobs.toml", include_str!("models/aiojobs.toml")),
        ("aiotools.toml", include_str!("models/aiotools.toml")),
        ("anyio.toml", include_str!("models/anyio.toml")),
        ("discord.toml", include_str!("models/discord.toml")),
        ("homeassistant.toml", include_str!("models/homeassistant.toml")),
        ("quart.toml", include_str!("models/quart.toml")),
        ("sanic.toml", include_str!("models/sanic.toml")),
        ("starlette.toml", include_str!("models/starlette.toml")),
        ("tornado.toml", include_str!("models/tornado.toml")),
        ("trio.toml", include_str!("models/trio.toml")),
    ] {
        // The files are compiled in, so a mistake in one is ours and every test meets it.
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for function in file.function.keys() {
            assert!(!files.function.contains_key(function), "{name}: `{function}` has a model in another file");
        }
        files.methods.extend(file.methods.clone());
        files.extend(file);
    }
    let names = last_names(&files);
    Models { files, names, spawners: Vec::new() }
});

impl File {
    fn is_empty(&self) -> bool {
        self.class.is_empty() && self.function.is_empty() && self.untyped.is_empty() && self.test_case.is_empty()
    }

    /// Takes over what another file says of classes and functions.
    fn extend(&mut self, other: File) {
        self.class.extend(other.class);
        self.function.extend(other.function);
        self.untyped.extend(other.untyped);
        self.test_case.extend(other.test_case);
    }
}

/// For the last part of each name that a function has, the whole names, in the order of the alphabet.
fn last_names(files: &File) -> FxHashMap<String, Vec<String>> {
    let mut sorted: Vec<(&String, &FunctionModel)> = files.function.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut names: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for (name, model) in sorted {
        let last_name = name.rsplit('.').next().unwrap_or_default();
        for last_name in model.also_called.iter().map(String::as_str).chain([last_name]) {
            names.entry(last_name.to_owned()).or_default().push(name.clone());
        }
    }
    names
}

impl Models {
    /// The models that come with heard, and what is brought beside them.
    pub(crate) fn with(brought: Brought) -> Self {
        let (file, spawners) = brought.into_parts();
        let mut files = MODELS.files.clone();
        files.extend(file);
        let names = last_names(&files);
        Models { files, names, spawners }
    }

    /// The kind of an instance of the class with this qualified name.
    pub(crate) fn kind_of_class(&self, name: &str) -> Option<Kind> {
        self.files.class.get(name)?.kind
    }

    /// How an instance of the class with this qualified name holds what is put in it.
    pub(crate) fn container(&self, name: &str) -> Option<Layer> {
        self.files.class.get(name)?.holds
    }

    /// Whether an instance of the class with this qualified name does not keep alive what it holds.
    pub(crate) fn is_weak_container(&self, name: &str) -> Option<()> {
        self.files.class.get(name).filter(|class| class.weak).map(|_| ())
    }

    /// Whether instances of the class with this qualified name may give any number of elements, if it is known.
    pub(crate) fn is_unbounded_class(&self, name: &str) -> Option<()> {
        self.files.class.get(name).filter(|class| class.unbounded).map(|_| ())
    }

    /// Whether an instance of the class with this qualified name may be a coroutine.
    pub(crate) fn may_hold_coroutine(&self, name: &str) -> bool {
        self.kind_of_class(name).is_some() || matches!(name, "builtins.object" | "typing.Hashable")
    }

    /// The model of the function with this qualified name.
    pub(crate) fn function(&self, name: &str) -> Option<&FunctionModel> {
        self.files.function.get(name)
    }

    /// Whether some function that ends in this name has such a model.
    pub(crate) fn any_named(&self, name: &str, test: impl Fn(&FunctionModel) -> bool) -> bool {
        self.named(name).any(test)
    }

    /// Whether some function that ends in this name does something with what it is given, or gives
    /// something.
    pub(crate) fn knows_last_name(&self, name: &str) -> bool {
        self.any_named(name, FunctionModel::does_something)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &FunctionModel> {
        self.names.get(name).into_iter().flatten().filter_map(|name| self.function(name))
    }

    /// The model of the method `name` of an object of unknown type that is called `receiver`.
    pub(crate) fn untyped_method(&self, receiver: &str, name: &str) -> Option<&FunctionModel> {
        let has_name =
            |untyped: &Untyped| untyped.names.iter().any(|known| known == receiver) || untyped.methods.iter().any(|known| known == name);
        self.files.untyped.iter().filter(|(_, untyped)| has_name(untyped)).find_map(|(class, _)| self.function(&format!("{class}.{name}")))
    }

    /// The class of tests with this qualified name: the name, and what the class does with async
    /// methods.
    pub(crate) fn test_case(&self, name: &str) -> Option<(&str, &TestCase)> {
        self.files.test_case.get_key_value(name).map(|(name, model)| (name.as_str(), model))
    }

    /// What a function with a model whose name ends in this one may do with its arguments.
    pub(crate) fn effect_by_last_name(&self, name: &str) -> Option<Effect> {
        self.named(name).find_map(|model| model.arguments)
    }

    /// The kind that functions with a model give, or make others give, whose name ends in this one.
    pub(crate) fn given_by_last_name(&self, name: &str) -> Option<Kind> {
        self.named(name).find_map(|model| model.gives.or(model.makes))
    }

    /// What the method called `name` does with the outcome of a value of this kind.
    pub(crate) fn method(&self, kind: Kind, name: &str) -> Method {
        let Some(methods) = self.files.methods.get(&kind) else { return Method::Absent };
        let has = |names: &[String]| names.iter().any(|known| known == name);
        if has(&methods.read) {
            Method::Read
        } else if has(&methods.ignore) {
            Method::Ignore
        } else if has(&methods.unknown) {
            Method::Unknown
        } else {
            Method::Absent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Brought, File, Models};

    /// The modules of our own package that the models speak of.
    const OURS: [(&str, &str); 4] = [
        ("heard/api", include_str!("../../../../python/heard/api.py")),
        ("heard/work/group", include_str!("../../../../python/heard/work/group.py")),
        ("heard/work/outcomes", include_str!("../../../../python/heard/work/outcomes.py")),
        ("heard/work/spawn", include_str!("../../../../python/heard/work/spawn.py")),
    ];

    /// The stub of the longest module that `name` begins with, and the names behind it.
    fn stub_of(name: &str) -> Option<(String, Vec<&str>)> {
        let parts: Vec<&str> = name.split('.').collect();
        (1..parts.len()).rev().find_map(|length| {
            let module = parts[..length].join("/");
            let dotted = parts[..length].join(".");
            let of_library = crate::stubs::stub(&dotted).map(str::to_owned);
            let standard = || crate::resolve::stub(&dotted);
            let ours = || OURS.iter().find(|(name, _)| *name == module).map(|(_, text)| (*text).to_owned());
            let text = of_library.or_else(standard).or_else(ours)?;
            Some((text, parts[length..].to_vec()))
        })
    }

    /// The words that the format knows where `text` has a wrong one.
    fn words_expected_in(text: &str) -> Vec<String> {
        let error = toml::from_str::<File>(text).unwrap_err().message().to_owned();
        let (_, expected) = error.split_once("expected").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_document_for_libraries_knows_every_word() {
        let document = include_str!("../../../../docs/models.md");
        for text in [
            "wrong.a = 1",
            "function.a.wrong = 1",
            "function.a.gives = 'wrong'",
            "function.a.arguments = 'wrong'",
            "function.a.callbacks = 'wrong'",
            "function.a.sets = 'wrong'",
            "class.a.wrong = 1",
            "untyped.a.wrong = 1",
            "test-case.a.wrong = 1",
        ] {
            let words = words_expected_in(text);
            assert!(words.len() > 1, "{text}: {words:?}");
            for word in words {
                let ways = [format!("`{word}`"), format!("`{word} = true`"), format!("`[{word}.")];
                assert!(ways.iter().any(|way| document.contains(way)), "docs/models.md does not speak of `{word}`, of `{text}`");
            }
        }
    }

    #[test]
    fn every_name_is_in_a_stub() {
        let files = Models::with(Brought::default()).files;
        for name in files.class.keys().chain(files.function.keys()).chain(files.untyped.keys()).chain(files.test_case.keys()) {
            let Some((stub, rest)) = stub_of(name) else { panic!("no stub has `{name}`") };
            for part in rest {
                let is_there = [format!("def {part}("), format!("class {part}("), format!("class {part}:"), format!("{part} = ")]
                    .iter()
                    .any(|definition| stub.contains(definition.as_str()));
                assert!(is_there, "`{part}` of `{name}` is not in the stub");
            }
        }
    }
}
