//! Properties whose value is a coroutine: to read one is to call its function.

use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::AttributeLoad;
use super::index::Index;
use super::{Birth, Fate, Kind, Reason};
use crate::resolve::Answer;

impl<'a> Finder<'_, '_, 'a> {
    /// The coroutines that the properties of the module's objects give; with `all`, also those that
    /// cannot be lost.
    pub(super) fn property_births(&self, index: &Index, all: bool) -> Vec<Birth> {
        let names = index.properties().filter_map(|name| self.flow.body.attributes.get(name));
        let mut births: Vec<Birth> = names.flatten().filter_map(|load| self.property_birth(load, all)).collect();
        births.sort_by_key(|birth| birth.site.span.start.offset);
        births
    }

    fn property_birth(&self, load: &AttributeLoad<'a>, all: bool) -> Option<Birth> {
        let can_be_lost = self.flow.can_be_lost(Kind::Coroutine, &load.how);
        if load.is_dead || !(can_be_lost || all) {
            return None;
        }
        let kind = self.flow.module.sort_of(load.attribute, &|class| self.flow.models.kind_of_class(class));
        if kind != Answer::All(Kind::Coroutine) {
            return None;
        }
        let fate = match self.flow.verdict_at(load.attribute.range(), Kind::Coroutine, &load.how).fate {
            // The cheap test decides what is a loss, whether everything is asked for or not.
            Fate::Lost(_) if !can_be_lost => Fate::Unknown(Reason::Use),
            fate => fate,
        };
        Some(self.coroutine_birth(load.attribute.range(), &load.around, load.attribute.range(), fate))
    }
}
