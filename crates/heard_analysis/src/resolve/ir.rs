//! An expression, as far as types may follow from it: owned, and without the syntax tree.

use ruff_python_ast::name::Name;
use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, ExprCall, ExprRef, ExprSubscript, Number, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextSize};
use serde::{Deserialize, Serialize};

use super::table::Slot;

/// What lies deeper in an expression is not followed, so that every walk of an [`Ir`] is short.
const DEEPEST: usize = 60;

/// Displays and calls with more parts than this are not looked into.
const MOST_PARTS: usize = 8;

/// An expression or an annotation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ir {
    /// A name of the module, of the class around, or of the builtins.
    Name(Name),
    /// A name where it is read, in whichever scope that is. Tables have none of these.
    Here(Name, TextSize),
    /// What a name stood for before it was bound to what this is a part of.
    Earlier(Name, Box<[Slot]>),
    /// A function of this file, by its place in the table.
    Function(u32),
    Attr(Box<Ir>, Name),
    Call(Box<Ir>, Box<[Arg]>),
    Sub(Box<Ir>, Box<[Ir]>),
    /// `value[1:]`.
    Slice(Box<Ir>),
    /// `a | b`, of types as of values.
    Union(Box<[Ir]>),
    /// `a if c else b`.
    Either(Box<[Ir]>),
    /// `a or b`.
    OrElse(Box<[Ir]>),
    Operation(Operation, Box<[Ir; 2]>),
    None,
    Str,
    /// A whole number, and which, where it is a small one.
    Int(Option<u8>),
    Float,
    Bool,
    True,
    False,
    Bytes,
    Ellipsis,
    Tuple(Box<[Ir]>),
    /// The elements, where each of them is looked at.
    List(Option<Box<[Ir]>>),
    Set(Option<Box<[Ir]>>),
    Dict(Option<Box<[(Ir, Ir)]>>),
    /// The element, and whether it is an async generator.
    Generator(Box<Ir>, bool),
    Await(Box<Ir>),
    /// An object of what an annotation names.
    Typed(Box<Ir>),
    /// `self` of the class around.
    Own,
    /// What `with` binds, and whether that is `async with`.
    Entered(Box<Ir>, bool),
    /// What a loop binds, and whether that is `async for`.
    Element(Box<Ir>, bool),
    /// A part of what is unpacked: which one, and of how many.
    Part(Box<Ir>, u8, u8),
    Lambda(Box<Ir>),
    /// Nobody can know: a parameter without annotation.
    Dynamic,
    /// A form that is not followed.
    Unknown,
    /// A parameter without annotation of the function whose name stands there, and whether it may be `None` by default.
    Parameter(TextSize, Name, bool),
}

/// An operation whose result a method of its left side declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    Add,
    Sub,
    Mult,
    Div,
    Mod,
    FloorDiv,
    BitAnd,
    Other,
}

impl Operation {
    /// The method, where it is looked up.
    pub(crate) fn method(self) -> Option<&'static str> {
        match self {
            Operation::Add => Some("__add__"),
            Operation::Sub => Some("__sub__"),
            Operation::Mult => Some("__mul__"),
            Operation::Div => Some("__truediv__"),
            Operation::Mod => Some("__mod__"),
            Operation::FloorDiv => Some("__floordiv__"),
            Operation::BitAnd => Some("__and__"),
            Operation::Other => None,
        }
    }
}

impl From<Operator> for Operation {
    fn from(operator: Operator) -> Self {
        match operator {
            Operator::Add => Operation::Add,
            Operator::Sub => Operation::Sub,
            Operator::Mult => Operation::Mult,
            Operator::Div => Operation::Div,
            Operator::Mod => Operation::Mod,
            Operator::FloorDiv => Operation::FloorDiv,
            Operator::BitAnd => Operation::BitAnd,
            _ => Operation::Other,
        }
    }
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Arg {
    Place(Ir),
    Named(Name, Ir),
    /// `*value`.
    Star(Ir),
    /// `**value`, or arguments that are too many to be looked at.
    Rest,
}

/// How names are put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// As what the module calls so.
    OfModule,
    /// With their places, so that a scope can tell what reaches them.
    InPlace,
}

impl Names {
    fn name(self, name: &Name, at: TextSize) -> Ir {
        match self {
            Names::OfModule => Ir::Name(name.clone()),
            Names::InPlace => Ir::Here(name.clone(), at),
        }
    }

    /// An expression as a value.
    pub(crate) fn value<'e>(self, expression: impl Into<ExprRef<'e>>) -> Ir {
        self.value_in(expression, DEEPEST)
    }

    /// An expression as a type: texts are parsed.
    pub(crate) fn annotation(self, expression: &Expr) -> Ir {
        self.annotation_in(expression, DEEPEST)
    }

    fn value_in<'e>(self, expression: impl Into<ExprRef<'e>>, depth: usize) -> Ir {
        let Some(depth) = depth.checked_sub(1) else { return Ir::Unknown };
        let inner = |expression: &Expr| self.value_in(expression, depth);
        let boxed = |expression: &Expr| Box::new(self.value_in(expression, depth));
        match expression.into() {
            ExprRef::Name(name) => self.name(&name.id, name.start()),
            ExprRef::Attribute(attribute) => Ir::Attr(boxed(&attribute.value), attribute.attr.id.clone()),
            ExprRef::Call(call) => self.call(call, depth),
            ExprRef::Subscript(subscript) => self.subscript(subscript, depth),
            ExprRef::BinOp(operation) if operation.op == Operator::BitOr => {
                Ir::Union(Box::new([inner(&operation.left), inner(&operation.right)]))
            }
            ExprRef::BinOp(operation) => Ir::Operation(operation.op.into(), Box::new([inner(&operation.left), inner(&operation.right)])),
            ExprRef::BoolOp(operation) if operation.op == BoolOp::Or => Ir::OrElse(operation.values.iter().map(inner).collect()),
            ExprRef::If(either) => Ir::Either(Box::new([inner(&either.body), inner(&either.orelse)])),
            ExprRef::NoneLiteral(_) => Ir::None,
            ExprRef::StringLiteral(_) | ExprRef::FString(_) => Ir::Str,
            ExprRef::BytesLiteral(_) => Ir::Bytes,
            ExprRef::NumberLiteral(literal) => match &literal.value {
                Number::Int(value) => Ir::Int(value.as_u8()),
                Number::Float(_) => Ir::Float,
                Number::Complex { .. } => Ir::Unknown,
            },
            ExprRef::BooleanLiteral(literal) => {
                if literal.value {
                    Ir::True
                } else {
                    Ir::False
                }
            }
            ExprRef::EllipsisLiteral(_) => Ir::Ellipsis,
            ExprRef::Tuple(tuple) if tuple.elts.iter().any(Expr::is_starred_expr) => Ir::Unknown,
            ExprRef::Tuple(tuple) => Ir::Tuple(tuple.elts.iter().map(inner).collect()),
            ExprRef::List(list) => Ir::List(self.parts(&list.elts, depth)),
            ExprRef::Set(set) => Ir::Set(self.parts(&set.elts, depth)),
            ExprRef::ListComp(comprehension) => {
                Ir::List(Some(Box::new([self.comprehended(&comprehension.elt, &comprehension.generators, depth)])))
            }
            ExprRef::SetComp(comprehension) => {
                Ir::Set(Some(Box::new([self.comprehended(&comprehension.elt, &comprehension.generators, depth)])))
            }
            ExprRef::Dict(dict) if dict.items.len() <= MOST_PARTS => {
                let pair = |item: &ruff_python_ast::DictItem| Some((inner(item.key.as_ref()?), inner(&item.value)));
                Ir::Dict(dict.items.iter().map(pair).collect())
            }
            ExprRef::Dict(_) => Ir::Dict(None),
            ExprRef::DictComp(comprehension) => match &comprehension.key {
                Some(key) => {
                    let part = |part: &Expr| self.comprehended(part, &comprehension.generators, depth);
                    Ir::Dict(Some(Box::new([(part(key), part(&comprehension.value))])))
                }
                None => Ir::Dict(None),
            },
            ExprRef::Generator(generator) => {
                let is_async = generator.generators.iter().any(|generator| generator.is_async);
                Ir::Generator(Box::new(self.comprehended(&generator.elt, &generator.generators, depth)), is_async)
            }
            ExprRef::Await(node) => Ir::Await(boxed(&node.value)),
            ExprRef::Named(named) => inner(&named.value),
            // A parameter of it is no name of the module.
            ExprRef::Lambda(_) if self == Names::OfModule => Ir::Lambda(Box::new(Ir::Unknown)),
            ExprRef::Lambda(lambda) => Ir::Lambda(boxed(&lambda.body)),
            ExprRef::UnaryOp(operation) if operation.op == UnaryOp::Not => Ir::Bool,
            ExprRef::UnaryOp(operation) => match inner(&operation.operand) {
                Ir::Int(_) => Ir::Int(None),
                Ir::Float => Ir::Float,
                _ => Ir::Unknown,
            },
            ExprRef::Compare(comparison) => {
                let is_bool = |operator: &CmpOp| matches!(operator, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn);
                if comparison.ops.iter().all(is_bool) { Ir::Bool } else { Ir::Unknown }
            }
            _ => Ir::Unknown,
        }
    }

    fn parts(self, parts: &[Expr], depth: usize) -> Option<Box<[Ir]>> {
        let is_plain = parts.len() <= MOST_PARTS && !parts.iter().any(Expr::is_starred_expr);
        is_plain.then(|| parts.iter().map(|part| self.value_in(part, depth)).collect())
    }

    /// The element of a comprehension. It speaks of names that only a scope knows; where there is none, they
    /// are put in for what the comprehension takes them from.
    fn comprehended(self, element: &Expr, generators: &[Comprehension], depth: usize) -> Ir {
        let element = self.value_in(element, depth);
        if self == Names::InPlace {
            return element;
        }
        generators.iter().rev().fold(element, |element, generator| {
            let iterated = Ir::Element(Box::new(self.value_in(&generator.iter, depth)), generator.is_async);
            let parts = match &generator.target {
                Expr::Tuple(tuple) => &*tuple.elts,
                one => std::slice::from_ref(one),
            };
            let of = u8::try_from(parts.len()).unwrap_or(u8::MAX);
            parts.iter().zip(0..of).fold(element, |element, (target, place)| match target {
                Expr::Name(name) if generator.target.is_name_expr() => element.with_name(&name.id, &iterated),
                Expr::Name(name) => element.with_name(&name.id, &Ir::Part(Box::new(iterated.clone()), place, of)),
                Expr::Starred(starred) => match &*starred.value {
                    Expr::Name(name) => element.with_name(&name.id, &Ir::Unknown),
                    _ => Ir::Unknown,
                },
                _ => Ir::Unknown,
            })
        })
    }

    fn call(self, call: &ExprCall, depth: usize) -> Ir {
        let function = Box::new(self.value_in(&call.func, depth));
        let (places, names) = (&call.arguments.args, &call.arguments.keywords);
        if places.len() + names.len() > MOST_PARTS * 2 {
            return Ir::Call(function, Box::new([Arg::Rest]));
        }
        // A bound is a type, and so is what a value is cast to: they may be written as texts.
        let called = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        let (is_variable, is_cast) = (called == "TypeVar", called == "cast");
        let by_place = places.iter().enumerate().map(|(place, argument)| match argument {
            Expr::Starred(starred) => Arg::Star(self.value_in(&starred.value, depth)),
            argument if is_cast && place == 0 => Arg::Place(self.annotation_in(argument, depth)),
            argument => Arg::Place(self.value_in(argument, depth)),
        });
        let by_name = names.iter().map(|keyword| match &keyword.arg {
            Some(name) if is_variable && matches!(name.as_str(), "bound" | "default") => {
                Arg::Named(name.id.clone(), self.annotation_in(&keyword.value, depth))
            }
            Some(name) => Arg::Named(name.id.clone(), self.value_in(&keyword.value, depth)),
            None => Arg::Rest,
        });
        Ir::Call(function, by_place.chain(by_name).collect())
    }

    fn subscript(self, subscript: &ExprSubscript, depth: usize) -> Ir {
        let value = Box::new(self.value_in(&subscript.value, depth));
        match &*subscript.slice {
            Expr::Slice(_) => Ir::Slice(value),
            Expr::Tuple(tuple) => Ir::Sub(value, tuple.elts.iter().map(|part| self.argument_of_type(part, depth)).collect()),
            part => Ir::Sub(value, Box::new([self.argument_of_type(part, depth)])),
        }
    }

    /// What stands in brackets is a type where the value is one, and a text there is an annotation.
    fn argument_of_type(self, part: &Expr, depth: usize) -> Ir {
        match part {
            Expr::StringLiteral(_) => match self.annotation_in(part, depth) {
                // A key, like most texts in brackets.
                Ir::Unknown => Ir::Str,
                declared => Ir::Typed(Box::new(declared)),
            },
            Expr::List(list) => Ir::List(self.parts(&list.elts, depth)),
            part => self.value_in(part, depth),
        }
    }

    fn annotation_in(self, expression: &Expr, depth: usize) -> Ir {
        let Some(depth) = depth.checked_sub(1) else { return Ir::Unknown };
        let inner = |expression: &Expr| self.annotation_in(expression, depth);
        match expression {
            // A text has no places of its own: its names are those of the module.
            Expr::StringLiteral(literal) => match ruff_python_parser::parse_expression(literal.value.to_str()) {
                Ok(parsed) => Names::OfModule.annotation_in(parsed.expr(), depth),
                Err(_) => Ir::Unknown,
            },
            Expr::Subscript(subscript) => {
                let last = match &*subscript.value {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => "",
                };
                let value = Box::new(inner(&subscript.value));
                match (&*subscript.slice, last) {
                    (Expr::Tuple(tuple), "Literal") => Ir::Sub(value, tuple.elts.iter().map(|part| self.value_in(part, depth)).collect()),
                    (part, "Literal") => Ir::Sub(value, Box::new([self.value_in(part, depth)])),
                    // What stands behind the first is no type.
                    (Expr::Tuple(tuple), "Annotated") => Ir::Sub(value, tuple.elts.iter().take(1).map(inner).collect()),
                    (Expr::Tuple(tuple), _) => Ir::Sub(value, tuple.elts.iter().map(inner).collect()),
                    (part, _) => Ir::Sub(value, Box::new([inner(part)])),
                }
            }
            Expr::BinOp(operation) if operation.op == Operator::BitOr => {
                Ir::Union(Box::new([inner(&operation.left), inner(&operation.right)]))
            }
            Expr::List(list) => Ir::Tuple(list.elts.iter().map(inner).collect()),
            Expr::Attribute(attribute) => Ir::Attr(Box::new(inner(&attribute.value)), attribute.attr.id.clone()),
            Expr::Starred(_) => Ir::Unknown,
            expression => self.value_in(expression, depth),
        }
    }
}

impl Ir {
    /// The last word of a name or an attribute.
    pub(crate) fn last_name(&self) -> Option<&Name> {
        match self {
            Ir::Name(name) | Ir::Here(name, _) | Ir::Earlier(name, _) | Ir::Attr(_, name) => Some(name),
            _ => None,
        }
    }

    /// What is subscripted or called, or this itself.
    pub(crate) fn head(&self) -> &Ir {
        match self {
            Ir::Sub(head, _) | Ir::Call(head, _) => head,
            other => other,
        }
    }

    /// `self.a.b` as text, where it is only names, and where it begins.
    pub(crate) fn path(&self) -> Option<(String, TextSize)> {
        match self {
            Ir::Here(name, at) => Some((name.to_string(), *at)),
            Ir::Attr(value, name) => {
                let (mut path, at) = value.path()?;
                path.push('.');
                path.push_str(name);
                Some((path, at))
            }
            _ => None,
        }
    }
}

impl Ir {
    /// Whether it makes a container with nothing in it.
    pub(crate) fn is_empty_container(&self) -> bool {
        match self {
            Ir::List(Some(parts)) => parts.is_empty(),
            Ir::Dict(Some(pairs)) => pairs.is_empty(),
            Ir::Call(function, arguments) => {
                let is_named = |name: &Name| matches!(name.as_str(), "set" | "list" | "dict" | "deque" | "OrderedDict");
                arguments.is_empty() && matches!(&**function, Ir::Here(name, _) | Ir::Name(name) | Ir::Attr(_, name) if is_named(name))
            }
            _ => false,
        }
    }

    /// The same with a name put in for what it stands for.
    fn with_name(self, name: &Name, meaning: &Ir) -> Ir {
        match self {
            Ir::Name(own) if own == *name => meaning.clone(),
            value => value.with_parts(&mut |part| part.with_name(name, meaning)),
        }
    }

    /// The same with each part put through `change`.
    pub(crate) fn with_parts(self, change: &mut dyn FnMut(Ir) -> Ir) -> Ir {
        fn all(parts: Box<[Ir]>, change: &mut dyn FnMut(Ir) -> Ir) -> Box<[Ir]> {
            parts.into_iter().map(change).collect()
        }
        let one = |mut part: Box<Ir>, change: &mut dyn FnMut(Ir) -> Ir| {
            *part = change(std::mem::replace(&mut *part, Ir::Unknown));
            part
        };
        match self {
            Ir::Attr(value, name) => Ir::Attr(one(value, change), name),
            Ir::Call(function, arguments) => {
                let function = one(function, change);
                let arguments = arguments.into_iter().map(|argument| match argument {
                    Arg::Place(value) => Arg::Place(change(value)),
                    Arg::Named(name, value) => Arg::Named(name, change(value)),
                    Arg::Star(value) => Arg::Star(change(value)),
                    Arg::Rest => Arg::Rest,
                });
                Ir::Call(function, arguments.collect())
            }
            Ir::Sub(value, parts) => Ir::Sub(one(value, change), all(parts, change)),
            Ir::Slice(value) => Ir::Slice(one(value, change)),
            Ir::Union(parts) => Ir::Union(all(parts, change)),
            Ir::Either(parts) => Ir::Either(all(parts, change)),
            Ir::OrElse(parts) => Ir::OrElse(all(parts, change)),
            Ir::Operation(operation, sides) => Ir::Operation(operation, Box::new((*sides).map(change))),
            Ir::Tuple(parts) => Ir::Tuple(all(parts, change)),
            Ir::List(parts) => Ir::List(parts.map(|parts| all(parts, change))),
            Ir::Set(parts) => Ir::Set(parts.map(|parts| all(parts, change))),
            Ir::Dict(pairs) => Ir::Dict(pairs.map(|pairs| pairs.into_iter().map(|(key, value)| (change(key), change(value))).collect())),
            Ir::Generator(element, is_async) => Ir::Generator(one(element, change), is_async),
            Ir::Await(value) => Ir::Await(one(value, change)),
            Ir::Typed(declared) => Ir::Typed(one(declared, change)),
            Ir::Entered(value, is_async) => Ir::Entered(one(value, change), is_async),
            Ir::Element(value, is_async) => Ir::Element(one(value, change), is_async),
            Ir::Part(value, place, of) => Ir::Part(one(value, change), place, of),
            Ir::Lambda(body) => Ir::Lambda(one(body, change)),
            leaf @ (Ir::Name(_)
            | Ir::Here(..)
            | Ir::Earlier(..)
            | Ir::Function(_)
            | Ir::None
            | Ir::Str
            | Ir::Int(_)
            | Ir::Float
            | Ir::Bool
            | Ir::True
            | Ir::False
            | Ir::Bytes
            | Ir::Ellipsis
            | Ir::Own
            | Ir::Dynamic
            | Ir::Unknown
            | Ir::Parameter(..)) => leaf,
        }
    }
}
