//! Whether what is made of inputs keeps their order: through tasks, awaiting, lists and gathers it
//! does, through sets and what gives things as they are done it does not.

use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::body::Use;
use super::super::models::Effect;
use super::super::{Kind, Reason};
use super::value::{Layer, Value};
use super::waits::DONE;
use super::{Flow, Remark, Verdict};

impl<'a> Flow<'_, '_, 'a> {
    /// What becomes of an input, or of a container of inputs, that `call` is given.
    pub(super) fn with_input(&self, value: Value, call: &'a ExprCall, index: usize, result: &Rc<Use<'a>>) -> Verdict {
        let unknown = value.unknown(Reason::Argument);
        let model = self.model(call);
        let promise = |value: Value| value.put_in(Layer::Sequence)?.put_in(Layer::Promise);
        match model.and_then(|model| model.arguments) {
            // What takes one input makes something of it that has the same place.
            _ if value.is_bare() => match model.and_then(|model| model.gives) {
                Some(Kind::Gather) => promise(value).map_or(unknown, |results| self.follow(results, result)),
                _ => self.follow(value, result),
            },
            Some(Effect::Zip) => {
                self.remarks.borrow_mut().push(Remark::Zipped { call, is_shuffled: value.is_shuffled });
                self.in_tuples(value, index, result)
            }
            Some(Effect::Enumerate) => self.in_tuples(value, 1, result),
            Some(Effect::SameElements) => self.follow(value, result),
            Some(Effect::Shuffle | Effect::Complete) => self.follow(value.shuffled(), result),
            Some(Effect::Pass) => self.follow(value, result),
            Some(Effect::Await) => self.follow(value, &Use::Awaited(Rc::clone(result))),
            Some(Effect::WaitFor) if value.depth() == 1 => {
                let set = value.shuffled().put_in(Layer::Tuple(DONE)).and_then(|set| set.put_in(Layer::Promise));
                let verdict = set.and_then(|set| self.through_wait(value, call, |flow| flow.follow(set, result)));
                verdict.unwrap_or(unknown)
            }
            None if model.is_some_and(|model| model.maps) && index > 0 => self.follow(value, result),
            _ => unknown,
        }
    }
}
