//! What is declared: whether an annotation leaves room for an awaitable.

use ruff_python_ast::{AnyParameterRef, Expr, ExprAttribute, ExprCall, Stmt, StmtClassDef};
use ruff_text_size::Ranged;
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_core::scope::NodeWithScopeKind;
use ty_python_semantic::types::ide_support::{CallSignatureDetails, call_signature_details};
use ty_python_semantic::types::{Type, TypeDefinition};
use ty_python_semantic::{HasType, ProgramEnvironment, ResolvedDefinition, definitions_for_attribute};

use super::{DEEPEST_HIERARCHY, Module, any_in_hierarchy, binds, qualified_name};

/// Aliases of aliases are resolved so often.
const MOST_ALIASES: usize = 8;

impl<'db> Module<'db> {
    /// Whether an annotation names only classes of which no instance is of a class that `holds` knows, and
    /// which are no protocols. Where a base is not known, it may be anything.
    pub(crate) fn is_plain_annotation(&self, annotation: &Expr, holds: &dyn Fn(&str) -> bool) -> bool {
        self.ask(|| self.is_plain_type(annotation.inferred_type(&self.model)?, holds, MOST_ALIASES)) == Some(true)
    }

    /// The same of what `argument` is given for in `call`, whichever overload is meant.
    pub(crate) fn is_plain_parameter(&self, call: &ExprCall, argument: &Expr, holds: &dyn Fn(&str) -> bool) -> bool {
        let is_plain = || {
            let place = call.arguments.iter_source_order().position(|given| given.value().range() == argument.range())?;
            let given = argument.inferred_type(&self.model)?;
            let signatures = call_signature_details(&self.model, call);
            let mut are_known = signatures.iter().filter_map(|signature| self.takes_plain_value(signature, place, given, holds)).peekable();
            are_known.peek()?;
            Some(are_known.all(|is_plain| is_plain))
        };
        self.ask(is_plain) == Some(true)
    }

    /// Whether the parameter for the argument at `place` is plain, or `None` where there is none.
    fn takes_plain_value(
        &self,
        signature: &CallSignatureDetails<'db>,
        place: usize,
        given: Type<'db>,
        holds: &dyn Fn(&str) -> bool,
    ) -> Option<bool> {
        let parameter = signature.parameters.get((*signature.argument_to_displayed_parameter_mapping.get(place)?)?)?;
        let environment = ProgramEnvironment::from_file(self.file);
        if parameter.is_keyword_variadic || given.is_assignable_to(self.db, &environment, parameter.ty) {
            return Some(false);
        }
        // What a type variable stands for is only inferred, so the declaration must be plain too.
        let is_declared = match signature.definition.map(|definition| (definition, definition.kind(self.db))) {
            Some((definition, DefinitionKind::Function(node))) => {
                let home = Module::load(self.db, definition.program_file(self.db));
                let mut parameters = node.node(&home.parsed).parameters.iter();
                let declared = parameters.find(|declared| declared.name().as_str() == parameter.name.trim_start_matches('*'));
                declared.and_then(AnyParameterRef::annotation).is_some_and(|annotation| home.is_plain_annotation(annotation, holds))
            }
            _ => true,
        };
        Some(is_declared && self.is_plain_type(parameter.ty, holds, MOST_ALIASES) == Some(true))
    }

    /// The same of what an attribute is declared as, wherever that is.
    pub(crate) fn is_plain_attribute(&self, attribute: &ExprAttribute, holds: &dyn Fn(&str) -> bool) -> bool {
        let is_plain = || {
            let mut is_declared = false;
            let mut bound_in = None;
            for definition in definitions_for_attribute(&self.model, attribute) {
                let ResolvedDefinition::Definition(definition) = definition else { return None };
                match definition.kind(self.db) {
                    DefinitionKind::AnnotatedAssignment(declaration) => {
                        let home = Module::load(self.db, definition.program_file(self.db));
                        is_declared = true;
                        if !home.is_plain_annotation(declaration.annotation(&home.parsed), holds) {
                            return None;
                        }
                    }
                    DefinitionKind::Assignment(_) => bound_in = Some(definition),
                    _ => return None,
                }
            }
            if is_declared { Some(true) } else { self.inherits_plain_attribute(bound_in?, &attribute.attr, holds) }
        };
        self.ask(is_plain) == Some(true)
    }

    /// The same of an attribute that a class only binds: a base may declare it.
    fn inherits_plain_attribute(&self, bound: Definition<'db>, name: &str, holds: &dyn Fn(&str) -> bool) -> Option<bool> {
        let file = bound.program_file(self.db);
        let home = Module::load(self.db, file);
        let method = bound.scope(self.db).scope(self.db);
        let NodeWithScopeKind::Class(class) = method.parent()?.to_scope_id(self.db, file).node(self.db) else { return None };
        let mut is_plain = None;
        home.each_ancestor(class.node(&home.parsed), &mut |base| {
            for statement in &base.class.body {
                if is_plain.is_none() {
                    is_plain = match declares(statement, name) {
                        Some(annotation) => Some(base.module.is_plain_annotation(annotation, holds)),
                        None => binds(statement, name).then_some(false),
                    };
                }
            }
        });
        is_plain
    }

    fn is_plain_type(&self, ty: Type<'db>, holds: &dyn Fn(&str) -> bool, aliases: usize) -> Option<bool> {
        match ty {
            Type::Union(union) => {
                return Some(union.elements(self.db).iter().all(|element| self.is_plain_type(*element, holds, aliases) == Some(true)));
            }
            Type::TypeAlias(alias) => return self.is_plain_type(alias.value_type(self.db), holds, aliases.checked_sub(1)?),
            Type::NewTypeInstance(new) => return self.is_plain_type(new.concrete_base_type(self.db), holds, aliases.checked_sub(1)?),
            Type::LiteralValue(_) | Type::TypedDict(_) | Type::Callable(_) | Type::SubclassOf(_) => return Some(true),
            // In an annotation, a class stands for its instances.
            Type::NominalInstance(_) | Type::ClassLiteral(_) | Type::GenericAlias(_) => {}
            _ => return None,
        }
        let TypeDefinition::StaticClass(definition) = ty.definition(self.db, &ProgramEnvironment::from_file(self.file))? else {
            return None;
        };
        // What derives from a protocol is a class like any other. A descriptor takes what its own method takes.
        let is_open = |class, node: &StmtClassDef| {
            definition == class && node.bases().iter().any(is_protocol)
                || node.body.iter().any(|statement| binds(statement, "__set__"))
                || qualified_name(self.db, class).is_none_or(|name| holds(&name))
        };
        any_in_hierarchy(self.db, definition, &is_open, DEEPEST_HIERARCHY).map(|is_open| !is_open)
    }
}

/// Whether a base says that the class stands for all that has its methods.
fn is_protocol(base: &Expr) -> bool {
    match base {
        Expr::Name(name) => name.id == "Protocol",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "Protocol",
        Expr::Subscript(subscript) => is_protocol(&subscript.value),
        _ => false,
    }
}

/// What a statement of a class body declares an attribute as, in a method like `__init__` too.
fn declares<'a>(statement: &'a Stmt, name: &str) -> Option<&'a Expr> {
    match statement {
        Stmt::AnnAssign(declaration) => {
            let is_name = match &*declaration.target {
                Expr::Name(bound) => bound.id == *name,
                Expr::Attribute(attribute) => attribute.attr.as_str() == name && attribute.value.is_name_expr(),
                _ => false,
            };
            is_name.then_some(&declaration.annotation)
        }
        Stmt::FunctionDef(method) => {
            let declarations =
                method.body.iter().filter(|inner| inner.as_ann_assign_stmt().is_some_and(|it| it.target.is_attribute_expr()));
            declarations.into_iter().find_map(|inner| declares(inner, name))
        }
        _ => None,
    }
}
