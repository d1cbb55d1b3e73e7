//! Generated programs: what costs too much, or shares what it must not share, shows only where there is much of it.
//!
//! Where a step is taken again for each way that leads to it, these programs take longer than anybody waits, on any
//! machine; nothing here measures time.

use std::fmt::Write as _;

use heard_analysis::Report;

use crate::analysis::{Module, analyse};

fn report(source: String) -> Report {
    let report = analyse("", &[Module { path: "example.py".to_owned(), source }]).unwrap();
    assert_eq!(report.notices, []);
    report
}

fn rules(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

/// Functions that each call the one before them so often, 40 to the power of five calls in all.
fn tower(decorator: &str) -> String {
    let mut source = format!(
        "import asyncio\n\n\ndef keep(function):\n    return function\n\n\n\
         {decorator}async def floor_0():\n    raise OSError\n\n\n"
    );
    for floor in 1..=6 {
        writeln!(source, "{decorator}async def floor_{floor}():").unwrap();
        for step in 0..40 {
            // Nothing is heard, and no step tells so before the last one.
            let tries = format!("    try:\n        await floor_{}()\n    except KeyError:\n        print({step})\n", floor - 1);
            source.push_str(&tries);
        }
        source.push('\n');
    }
    source.push_str("\nasync def main():\n    task = asyncio.create_task(floor_6())\n    await asyncio.sleep(1)\n");
    source
}

#[test]
fn functions_that_call_each_other_are_looked_at_once() {
    assert_eq!(rules(&report(tower(""))), ["unread-task"]);
    // Behind a decorator without types, functions are looked at as they are written.
    let decorated = report(tower("@keep\n"));
    assert_eq!(decorated.findings.len(), 0, "{:?}", rules(&decorated));
}

#[test]
fn a_value_does_not_use_up_what_others_may_cost() {
    let mut source = "import asyncio\n\n\nasync def work():\n    raise OSError\n\n\nasync def fail():\n    raise ValueError\n\n\n\
                      def keep(task):\n    print(task.get_name())\n\n\nasync def start():\n"
        .to_owned();
    for task in 0..400 {
        write!(source, "    task_{task} = asyncio.create_task(work())\n    keep(task_{task})\n").unwrap();
    }
    source.push_str("\n\nasync def main():\n    task = asyncio.create_task(work())\n    await fail()\n    await task\n");
    let rules = rules(&report(source));
    assert!(rules.contains(&"task-lost-on-error"), "{rules:?}");
}
