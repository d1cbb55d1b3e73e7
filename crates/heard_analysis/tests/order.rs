//! What is found does not depend on who asks first, and what a finding is called not on what is left out.

use heard_analysis::Finding;

use crate::analysis::{Module, analyse, analyse_in_order};
use crate::failures::Failures;
use crate::pages::{documents, modules};
use crate::python::in_parallel;

/// So many orders of each program are tried, or all that there are.
const MOST_ORDERS: usize = 6;

/// A stream of numbers that is the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

/// The path, line and message of each finding, and the places of its trace.
pub(crate) fn told(findings: &[Finding]) -> Vec<String> {
    let place = |span: &heard_analysis::Span| format!("{}:{}:{}", span.path, span.start.line, span.start.column);
    let tell = |finding: &Finding| {
        let trace: Vec<String> = finding.trace.iter().map(|step| format!("{} {}", place(&step.span), step.message)).collect();
        format!("{} {} #{} {} {trace:?}", place(&finding.span), finding.level, finding.ordinal, finding.message)
    };
    findings.iter().map(tell).collect()
}

#[test]
fn any_order_of_files_finds_the_same() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let all = documents.iter().flat_map(|document| document.programs().into_iter().map(move |program| (document, program)));
    let programs: Vec<_> = all.filter(|(_, program)| program.len() > 1).collect();
    let differences = in_parallel(&programs, |(_, program)| {
        let modules = modules(program);
        let manifest = &program[0].manifest;
        let expected = told(&analyse(manifest, &modules)?.findings);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for _ in 0..MOST_ORDERS {
            let mut order: Vec<&Module> = modules.iter().collect();
            numbers.shuffle(&mut order);
            for threads in [1, 2] {
                let found = told(&analyse_in_order(manifest, &order, threads)?.findings);
                if found != expected {
                    let order: Vec<&str> = order.iter().map(|module| module.path.as_str()).collect();
                    return Err(format!("in the order {order:?} on {threads} threads:\n{found:#?}\nand otherwise:\n{expected:#?}"));
                }
            }
        }
        Ok(())
    });
    for ((document, program), difference) in programs.iter().zip(differences) {
        if let Err(text) = difference {
            failures.at(document, program[0].line, &text);
        }
    }
    failures.finish();
}

#[test]
fn a_comment_leaves_the_numbers_of_other_findings() {
    let program = |first: &str, second: &str| {
        let source = format!(
            "import asyncio\n\n\nasync def save() -> None:\n    raise OSError\n\n\nasync def main() -> None:\n    \
             asyncio.create_task(save()){first}\n    asyncio.create_task(save()){second}\n    await asyncio.sleep(1)\n"
        );
        let report = analyse("", &[Module { path: "example.py".to_owned(), source }]).unwrap();
        report.findings.iter().map(|finding| (finding.rule, finding.span.start.line, finding.ordinal)).collect::<Vec<_>>()
    };
    let allowed = "  # heard: allow[dropped-task] tried again";
    assert_eq!(program("", ""), [("dropped-task", 9, 0), ("dropped-task", 10, 1)]);
    assert_eq!(program(allowed, ""), [("dropped-task", 10, 1)]);
    assert_eq!(program("", allowed), [("dropped-task", 9, 0)]);
    // Comments that look alike are told apart as well.
    let unfit = "  # heard: allow[late-task] some reason";
    let faults: Vec<_> = program(unfit, unfit).into_iter().filter(|(rule, ..)| *rule == "unused-allow").collect();
    assert_eq!(faults, [("unused-allow", 9, 0), ("unused-allow", 10, 1)]);
}
