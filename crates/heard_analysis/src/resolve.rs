//! Who is called, and what is that receiver: answered from tables that one pass over each file makes.

mod ir;
mod table;
