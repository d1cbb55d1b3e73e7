//! Who is called, and what is that receiver: answered from tables that one pass over each file makes.
//!
//! Nothing is inferred that nobody asks about, and what cannot be known from declarations is not known.
//! `table` is what one file says, `index` and `database` hold the tables of all, `roots`, `standard` and
//! `outside` find the files that imports mean, and the others answer.

mod ancestors;
mod annotations;
mod attributes;
mod bind;
mod callers;
mod calls;
mod classes;
mod containers;
mod database;
mod declared;
mod decorators;
mod index;
mod ir;
mod memo;
mod mentions;
mod module;
mod outside;
mod overloads;
mod places;
mod questions;
mod resolver;
mod roots;
mod scope;
mod sources;
mod standard;
mod table;
#[cfg(test)]
mod tests;
mod ty;
mod values;
mod written;

pub(crate) use database::{Database, Shared};
pub(crate) use index::FileId;
pub(crate) use mentions::Mentions;
pub(crate) use module::{Callee, CalleeId, Module, position_in};
#[cfg(test)]
pub(crate) use outside::stub;
pub(crate) use outside::{BroughtFile, Shelves, files_brought, missing_modules, standard_library};
pub(crate) use places::{Place, names_beside, place_of};
pub(crate) use questions::Answer;
pub(crate) use roots::Roots;
pub use standard::{Described, pack};
pub(crate) use table::{FileTable, Shelved, Written, yields};
