//! What of a filter a table can use to read less.
//!
//! Invariant: a row that passes the filter passes the conditions made of it; the filter is
//! applied once more above the table. Parts that say nothing here are left out. Pure.

use datafusion::{
    common::ScalarValue,
    logical_expr::{Expr, Operator, expr::InList},
};
use read_model::issues::reader::tables::{Comparison, Operand};

/// Longest list that is looked at.
const LIST_MAX: usize = 100;

/// A column, and what its values must be like: one of the operands fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) column: String,
    pub(super) comparison: Comparison,
    pub(super) operands: Vec<Operand>,
}

/// The conditions of filters that must all hold.
pub(super) fn of(filters: &[Expr]) -> Vec<Condition> {
    let mut found = Vec::new();
    for filter in filters {
        collect(filter, &mut found);
    }
    found
}

/// Whether a filter says something here.
pub(super) fn says_something(filter: &Expr) -> bool {
    !of(std::slice::from_ref(filter)).is_empty()
}

/// From where to where the numbers of a column may be.
pub(super) fn range(conditions: &[Condition], column: &str) -> (i64, i64) {
    let (mut least, mut most) = (i64::MIN, i64::MAX);
    for condition in conditions.iter().filter(|c| c.column == column) {
        let numbers = condition.operands.iter().map(|operand| match operand {
            Operand::Number(number) => Some(*number),
            Operand::Text(_) => None,
        });
        let Some(numbers) = numbers.collect::<Option<Vec<i64>>>() else {
            continue;
        };
        let (Some(lowest), Some(highest)) = (numbers.iter().min(), numbers.iter().max()) else {
            continue;
        };
        if condition.comparison != Comparison::AtMost {
            least = least.max(*lowest);
        }
        if condition.comparison != Comparison::AtLeast {
            most = most.min(*highest);
        }
    }
    (least, most)
}

fn collect(filter: &Expr, found: &mut Vec<Condition>) {
    match filter {
        Expr::BinaryExpr(binary) if binary.op == Operator::And => {
            collect(&binary.left, found);
            collect(&binary.right, found);
        }
        Expr::BinaryExpr(binary) => {
            let sides = match (&*binary.left, &*binary.right) {
                (Expr::Column(column), Expr::Literal(value, _)) => Some((column, value, binary.op)),
                (Expr::Literal(value, _), Expr::Column(column)) => {
                    binary.op.swap().map(|op| (column, value, op))
                }
                _ => None,
            };
            let compared = sides
                .and_then(|(column, value, op)| Some((column, operand(value)?, comparison(op)?)));
            if let Some((column, operand, comparison)) = compared {
                found.push(Condition {
                    column: column.name.clone(),
                    comparison,
                    operands: vec![operand],
                });
            }
        }
        Expr::InList(InList {
            expr,
            list,
            negated: false,
        }) if list.len() <= LIST_MAX => {
            let Expr::Column(column) = &**expr else {
                return;
            };
            let values = list.iter().map(|value| match value {
                Expr::Literal(value, _) => operand(value),
                _ => None,
            });
            if let Some(operands) = values.collect::<Option<Vec<Operand>>>() {
                found.push(Condition {
                    column: column.name.clone(),
                    comparison: Comparison::Is,
                    operands,
                });
            }
        }
        Expr::Between(between) if !between.negated => {
            for (bound, op) in [
                (&between.low, Operator::GtEq),
                (&between.high, Operator::LtEq),
            ] {
                let half = datafusion::logical_expr::binary_expr(
                    (*between.expr).clone(),
                    op,
                    (**bound).clone(),
                );
                collect(&half, found);
            }
        }
        _ => {}
    }
}

/// What is strict is taken as if it were not: a row more is no harm.
fn comparison(op: Operator) -> Option<Comparison> {
    match op {
        Operator::Eq => Some(Comparison::Is),
        Operator::Gt | Operator::GtEq => Some(Comparison::AtLeast),
        Operator::Lt | Operator::LtEq => Some(Comparison::AtMost),
        _ => None,
    }
}

fn operand(value: &ScalarValue) -> Option<Operand> {
    use ScalarValue as V;
    let number = |number: i128| i64::try_from(number).ok().map(Operand::Number);
    let time = |time: i64, unit: i128| number(i128::from(time) * unit);
    match value {
        V::Utf8(Some(text)) | V::LargeUtf8(Some(text)) | V::Utf8View(Some(text)) => {
            Some(Operand::Text(text.clone()))
        }
        V::Int8(Some(n)) => number((*n).into()),
        V::Int16(Some(n)) => number((*n).into()),
        V::Int32(Some(n)) => number((*n).into()),
        V::Int64(Some(n)) => number((*n).into()),
        V::UInt8(Some(n)) => number((*n).into()),
        V::UInt16(Some(n)) => number((*n).into()),
        V::UInt32(Some(n)) => number((*n).into()),
        V::UInt64(Some(n)) => number((*n).into()),
        V::TimestampNanosecond(Some(at), _) => time(*at, 1),
        V::TimestampMicrosecond(Some(at), _) => time(*at, 1_000),
        V::TimestampMillisecond(Some(at), _) => time(*at, 1_000_000),
        V::TimestampSecond(Some(at), _) => time(*at, 1_000_000_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn what_a_column_is_compared_with_is_found_on_both_sides() {
        let filter = col("position")
            .gt(lit(5_u64))
            .and(lit(9_i64).gt_eq(col("position")))
            .and(col("title").like(lit("x%")))
            .and(col("level").in_list(vec![lit("error"), lit("fatal")], false));
        let found = of(&[filter]);
        assert_eq!(range(&found, "position"), (5, 9));
        assert_eq!(range(&found, "received_at"), (i64::MIN, i64::MAX));
        let levels = found.iter().find(|c| c.column == "level");
        assert_eq!(levels.map(|c| c.operands.len()), Some(2));
        assert!(!says_something(&col("a").eq(col("b"))));
        assert!(!says_something(&col("a").in_list(vec![lit(1)], true)));
        assert!(!says_something(
            &col("a").gt(lit(1)).or(col("b").gt(lit(1)))
        ));
    }

    #[test]
    fn between_is_two_bounds() {
        let found = of(&[col("position").between(lit(3), lit(7))]);
        assert_eq!(range(&found, "position"), (3, 7));
    }
}
