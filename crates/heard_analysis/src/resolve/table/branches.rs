//! Branches that the version of Python decides.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCompare, Number};

use super::Version;

/// What a test of the environment says: `sys.version_info >= (3, 12)`, `TYPE_CHECKING`. `None` where it
/// depends on more. Code for every platform is read, so a test of the platform says nothing.
pub(crate) fn truth(test: &Expr, version: Version) -> Option<bool> {
    match test {
        Expr::Name(name) if name.id == "TYPE_CHECKING" => Some(true),
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Some(true),
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::UnaryOp(operation) if operation.op.is_not() => truth(&operation.operand, version).map(|value| !value),
        Expr::BoolOp(operation) => {
            // The one value decides for both: `False and …`, `True or …`.
            let decisive = operation.op == BoolOp::Or;
            let mut are_known = true;
            for value in &operation.values {
                match truth(value, version) {
                    Some(value) if value == decisive => return Some(decisive),
                    Some(_) => {}
                    None => are_known = false,
                }
            }
            are_known.then_some(!decisive)
        }
        Expr::Compare(comparison) => truth_of_version(comparison, version),
        _ => None,
    }
}

fn truth_of_version(comparison: &ExprCompare, version: Version) -> Option<bool> {
    let is_version = |expression: &Expr| match expression {
        Expr::Name(name) => name.id == "version_info",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "version_info",
        _ => false,
    };
    let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return None };
    // `sys.version_info[0]` and `sys.version_info.major` are asked for the major version.
    let is_major = match &*comparison.left {
        Expr::Subscript(subscript) => {
            is_version(&subscript.value) && matches!(&*subscript.slice, Expr::NumberLiteral(literal) if number(&literal.value) == Some(0))
        }
        Expr::Attribute(attribute) => attribute.attr.as_str() == "major" && is_version(&attribute.value),
        _ => false,
    };
    let (own, other) = if is_major {
        let Expr::NumberLiteral(literal) = right else { return None };
        ((version.0, 0), (number(&literal.value)?, 0))
    } else if is_version(&comparison.left) {
        let Expr::Tuple(tuple) = right else { return None };
        let part = |index: usize| match tuple.elts.get(index) {
            Some(Expr::NumberLiteral(literal)) => number(&literal.value),
            _ => None,
        };
        (version, (part(0)?, part(1).unwrap_or(0)))
    } else {
        return None;
    };
    match operator {
        CmpOp::GtE => Some(own >= other),
        CmpOp::Gt => Some(own > other),
        CmpOp::Lt => Some(own < other),
        CmpOp::LtE => Some(own <= other),
        CmpOp::Eq if is_major => Some(own == other),
        CmpOp::NotEq if is_major => Some(own != other),
        _ => None,
    }
}

fn number(value: &Number) -> Option<u8> {
    match value {
        Number::Int(value) => value.as_u8(),
        _ => None,
    }
}
