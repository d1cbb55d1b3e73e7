//! Models: what code does with an awaitable where we do not read its body.
//!
//! They are data, in `models/*.toml`, by the qualified name of the place of definition (for the
//! standard library: its place in typeshed). The keys:
//!
//! - `[class."module.Class"]`: `kind`, what an instance is, and `unbounded = true` where it may give any
//!   number of elements. Subclasses are the same.
//! - `[function."module.Class.name"]`:
//!   - `gives`: the kind of what a call returns, where its type does not tell.
//!   - `wraps = true`: what it returns stands for what it was given, and so is the caller's alone
//!     only where that was made on the spot.
//!   - `owned = true`: what it returns has an owner that reads its outcome already.
//!   - `maps = true`: it calls its first argument for each element of the others, and gives what comes
//!     of that.
//!   - `reads-names = true`: it may reach values by other means than the names that hold them.
//!   - `never-fails = true`: a call, and the awaiting of it, can only be cancelled.
//!   - `endless = true`: the call, or the awaiting of it, does not return, or what it returns can be
//!     iterated for ever.
//!   - `ends-loop = true`: when the coroutine that it is given ends, what else runs in the loop is cancelled.
//!   - `swallows = true`: a `with` over it takes the exceptions that it is given.
//!   - `unbounded = true`: what it returns comes from outside and may have any number of elements.
//!   - `arguments`: what it does with what it is given, see [`Effect`].
//!   - `callbacks`: what becomes of what a function among its arguments returns, see [`Callbacks`].
//!     `callback-place` and `callback-name` say which argument is called.
//!   - `refuses-async = true`: it raises where it is given a coroutine function.
//!   - `sets`: what it sets that decides whether asyncio can tell of failures, see [`Setting`].
//! - `[untyped."module.Class"]`: what is taken for an instance of the class where the type is not known:
//!   objects with these `names`, and objects whose `methods` are called so.
//! - `[test-case."module.Class"]`: `awaits-tests`, whether it awaits the test methods of its subclasses,
//!   and `fixtures`, the methods that it calls and never awaits.
//! - `[methods.KIND]`: what the methods of a value do with its outcome: `read` it, `ignore` it, or
//!   `unknown`.

use std::sync::LazyLock;

use ruff_python_ast::{Expr, ExprCall};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::Kind;

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
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct FunctionModel {
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
    /// Whether nothing comes behind it: the call or the awaiting of it does not return, or what it
    /// returns can be iterated for ever.
    #[serde(default)]
    pub(crate) endless: bool,
    /// Whether what else runs in the loop is cancelled when the coroutine that it is given ends.
    #[serde(default)]
    pub(crate) ends_loop: bool,
    /// Whether a `with` over it takes the exceptions that it is given.
    #[serde(default)]
    pub(crate) swallows: bool,
    /// Whether what it returns may have any number of elements.
    #[serde(default)]
    pub(crate) unbounded: bool,
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
    /// What it sets that decides whether asyncio can tell of failures.
    pub(crate) sets: Option<Setting>,
}

impl FunctionModel {
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
#[derive(Debug, Deserialize)]
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

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    class: FxHashMap<String, Class>,
    #[serde(default)]
    function: FxHashMap<String, FunctionModel>,
    #[serde(default)]
    untyped: FxHashMap<String, Untyped>,
    #[serde(default)]
    methods: FxHashMap<Kind, Methods>,
    #[serde(default, rename = "test-case")]
    test_case: FxHashMap<String, TestCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Untyped {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    /// What an instance is to somebody who waits.
    kind: Option<Kind>,
    /// Whether an instance may give any number of elements.
    #[serde(default)]
    unbounded: bool,
}

#[derive(Default, Deserialize)]
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
pub(crate) struct Models {
    files: File,
    /// For the last part of each function's name, the whole names: a call by any other name needs no
    /// look-up.
    names: FxHashMap<String, Vec<String>>,
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
        ("hooks.toml", include_str!("models/hooks.toml")),
        ("collections.toml", include_str!("models/collections.toml")),
        ("contextlib.toml", include_str!("models/contextlib.toml")),
        ("inspect.toml", include_str!("models/inspect.toml")),
        ("unittest.toml", include_str!("models/unittest.toml")),
        ("warnings.toml", include_str!("models/warnings.toml")),
    ] {
        // The files are compiled in, so a mistake in one is ours and every test meets it.
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        files.class.extend(file.class);
        for (function, model) in file.function {
            let before = files.function.insert(function.clone(), model);
            assert!(before.is_none(), "{name}: `{function}` has a model in another file");
        }
        files.untyped.extend(file.untyped);
        files.methods.extend(file.methods);
        files.test_case.extend(file.test_case);
    }
    let mut names: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for name in files.function.keys() {
        let last_name = name.rsplit('.').next().unwrap_or_default();
        names.entry(last_name.to_owned()).or_default().push(name.clone());
    }
    Models { files, names }
});

impl Models {
    /// The models that come with heard.
    pub(crate) fn get() -> &'static Models {
        &MODELS
    }

    /// The kind of an instance of the class with this qualified name.
    pub(crate) fn kind_of_class(&self, name: &str) -> Option<Kind> {
        self.files.class.get(name)?.kind
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
        let (class, _) = self.files.untyped.iter().find(|(_, untyped)| has_name(untyped))?;
        self.function(&format!("{class}.{name}"))
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

    /// The kind that functions with a model give whose name ends in this one.
    pub(crate) fn given_by_last_name(&self, name: &str) -> Option<Kind> {
        self.named(name).find_map(|model| model.gives)
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
    use super::Models;

    /// The stub of the longest module that `name` begins with, and the names behind it.
    fn stub_of(name: &str) -> Option<(String, Vec<&str>)> {
        let parts: Vec<&str> = name.split('.').collect();
        (1..parts.len()).rev().find_map(|length| {
            let module = parts[..length].join("/");
            let text = ["", "/__init__"].iter().find_map(|end| crate::engine::stub(&format!("stdlib/{module}{end}.pyi")))?;
            Some((text, parts[length..].to_vec()))
        })
    }

    #[test]
    fn every_name_is_in_typeshed() {
        let files = &Models::get().files;
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
