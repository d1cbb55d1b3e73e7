//! Models that do not come with heard: from packages that bring a file of their own, and from the
//! configuration of the project.

use ruff_text_size::TextSize;

use super::{File, FunctionModel};

/// What is brought beside the models that come with heard. What is added later counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    file: File,
    spawners: Vec<Spawner>,
}

/// A function that the project has declared to be its spawner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spawner {
    /// Where it is defined, as `module.Class.name`.
    pub(crate) name: String,
    /// The module.
    pub(crate) module: String,
    /// Whether it is a coroutine function.
    pub(crate) is_async: bool,
}

/// What is wrong with a file of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where in the file, if that is known.
    pub(crate) at: Option<TextSize>,
    /// What is wrong, and what to do about it.
    pub(crate) message: String,
}

impl Brought {
    /// Whether nothing is brought.
    pub(crate) fn is_empty(&self) -> bool {
        self.spawners.is_empty() && self.file.is_empty()
    }

    /// Adds the models in `text`. `place` gives the place of definition of a name that is one of the
    /// package's own, or says what is wrong with the name. What is wrong with one entry does not
    /// touch the others.
    pub(crate) fn add_file(&mut self, text: &str, place: &dyn Fn(&str) -> Result<String, String>) -> Vec<Problem> {
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let at = error.span().and_then(|span| TextSize::try_from(span.start).ok());
                let message = format!("{}; nothing in the file is used", error.message().trim().replace('\n', ", "));
                return vec![Problem { at, message }];
            }
        };
        let mut problems = Vec::new();
        let mut placed = |name: String| {
            place(&name).map_err(|message| problems.push(Problem { at: offset(text, &name), message: format!("`{name}` {message}") })).ok()
        };
        let mut known = File::default();
        known.class.extend(file.class.into_iter().filter_map(|(name, model)| Some((placed(name)?, model))));
        known.function.extend(file.function.into_iter().filter_map(|(name, model)| Some((placed(name)?, model))));
        known.untyped.extend(file.untyped.into_iter().filter_map(|(name, model)| Some((placed(name)?, model))));
        known.test_case.extend(file.test_case.into_iter().filter_map(|(name, model)| Some((placed(name)?, model))));
        self.file.extend(known);
        if !file.methods.is_empty() {
            let message = "only heard itself says what the methods of a value do: take `methods` out".to_owned();
            problems.push(Problem { at: offset(text, "[methods"), message });
        }
        problems.sort_by_key(|problem| problem.at);
        problems
    }

    /// Adds a function that keeps and reads the task that it starts.
    pub(crate) fn add_spawner(&mut self, spawner: Spawner) {
        self.file.function.insert(spawner.name.clone(), FunctionModel::spawner(spawner.is_async));
        self.spawners.push(spawner);
    }

    /// Adds a function that hears the failure of what it is given.
    pub(crate) fn add_hearer(&mut self, name: String) {
        self.file.function.insert(name, FunctionModel::hearer());
    }

    pub(super) fn into_parts(self) -> (File, Vec<Spawner>) {
        (self.file, self.spawners)
    }
}

fn offset(text: &str, name: &str) -> Option<TextSize> {
    TextSize::try_from(text.find(name)?).ok()
}
