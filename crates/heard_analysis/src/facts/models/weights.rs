//! What a failure weighs where no body tells: data, in `weights.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::super::witness::Weight;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Weights {
    /// By the beginning of a qualified name.
    weight: BTreeMap<String, Weight>,
    /// By the name of a method of an object of unknown type.
    weight_of_method: FxHashMap<String, Weight>,
    /// By the name of a method that is awaited, whatever its object is.
    weight_of_wait: FxHashMap<String, Weight>,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    // The file is compiled in, so a mistake in it is ours and every test meets it.
    toml::from_str(include_str!("weights.toml")).unwrap_or_else(|error| panic!("weights.toml: {error}"))
});

/// What the failure of a plain call weighs that goes to the function with this qualified name.
pub(crate) fn weight_of(name: &str) -> Option<Weight> {
    // The longest beginning is the last one in the order of the alphabet.
    WEIGHTS.weight.iter().rev().find(|(beginning, _)| name.starts_with(beginning.as_str())).map(|(_, weight)| *weight)
}

/// What the failure of a method of this name weighs, called on an object of unknown type.
pub(crate) fn weight_of_method(name: &str) -> Option<Weight> {
    WEIGHTS.weight_of_method.get(name).copied()
}

/// What the failure of a wait weighs that is called so.
pub(crate) fn weight_of_wait(name: &str) -> Option<Weight> {
    WEIGHTS.weight_of_wait.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::{Weight, weight_of, weight_of_method, weight_of_wait};

    #[test]
    fn the_longest_beginning_decides() {
        for (name, weight) in [
            ("builtins.str.upper", Some(Weight::None)),
            ("builtins.str.encode", Some(Weight::Data)),
            ("builtins.int", Some(Weight::Data)),
            ("asyncio.queues.Queue.qsize", Some(Weight::None)),
            ("asyncio.queues.Queue.put_nowait", Some(Weight::Data)),
            ("aiohttp.client.ClientSession.get", None),
        ] {
            assert_eq!(weight_of(name), weight, "{name}");
        }
        assert_eq!(weight_of_method("append"), Some(Weight::None));
        assert_eq!(weight_of_method("feed"), None);
        assert_eq!(weight_of_wait("wait_for_termination"), Some(Weight::None));
        assert_eq!(weight_of_wait("wait_for"), None);
    }
}
