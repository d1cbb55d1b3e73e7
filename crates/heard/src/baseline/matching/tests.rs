//! Random projects, random edits, and what is known before and after.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Entry, pairs};

/// A project: for each file and function, the statements that are findings, in their order.
type Project = BTreeMap<(String, String), Vec<String>>;

/// What somebody does to a project.
#[derive(Clone, Debug)]
enum Change {
    /// A file gets another name, which no other has.
    RenameFile(usize),
    /// A function gets another name in its file.
    RenameFunction(usize),
    /// A function goes to a file of its own.
    MoveFunction(usize),
    /// Lines are put in that are no findings, which is nothing here, since no line number is kept.
    Edit,
    /// A finding is mended.
    Mend(usize),
}

fn project() -> impl Strategy<Value = Project> {
    let statement = (0..3_usize).prop_map(|number| format!("create_task(work{number}())"));
    let place = (0..3_usize, 0..4_usize).prop_map(|(file, function)| (format!("file{file}.py"), format!("function{file}_{function}")));
    prop::collection::btree_map(place, prop::collection::vec(statement, 0..4), 1..8)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<usize>().prop_map(Change::RenameFile),
        any::<usize>().prop_map(Change::RenameFunction),
        any::<usize>().prop_map(Change::MoveFunction),
        any::<usize>().prop_map(Change::Mend),
        Just(Change::Edit),
    ]
}

/// Makes one change, the `step`th one, and gives how many findings it mends.
fn apply(project: &mut Project, change: &Change, step: usize) -> usize {
    let keys: Vec<(String, String)> = project.keys().cloned().collect();
    match change {
        Change::RenameFile(which) => {
            let old = keys[which % keys.len()].0.clone();
            for key in keys.into_iter().filter(|key| key.0 == old) {
                let statements = project.remove(&key).unwrap();
                project.insert((format!("renamed{step}.py"), key.1), statements);
            }
        }
        Change::RenameFunction(which) => {
            let key = keys[which % keys.len()].clone();
            let statements = project.remove(&key).unwrap();
            project.insert((key.0, format!("renamed{step}")), statements);
        }
        Change::MoveFunction(which) => {
            let key = keys[which % keys.len()].clone();
            let statements = project.remove(&key).unwrap();
            project.insert((format!("moved{step}.py"), key.1), statements);
        }
        Change::Edit => {}
        Change::Mend(which) => {
            let with_findings: Vec<_> = keys.iter().filter(|key| !project[*key].is_empty()).collect();
            if with_findings.is_empty() {
                return 0;
            }
            let statements = project.get_mut(with_findings[which % with_findings.len()]).unwrap();
            statements.remove(which % statements.len());
            return 1;
        }
    }
    0
}

fn entries(project: &Project) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for ((path, symbol), statements) in project {
        for statement in statements {
            let entry = |ordinal| Entry {
                path: path.clone(),
                rule: "dropped-task".to_owned(),
                symbol: symbol.clone(),
                statement: statement.clone(),
                ordinal,
                level: "default".to_owned(),
            };
            let ordinal = (0..=entries.len()).find(|ordinal| !entries.contains(&entry(*ordinal))).unwrap();
            entries.push(entry(ordinal));
        }
    }
    entries
}

/// Which findings of `now` are known from `before`.
fn known(before: &Project, now: &[Entry], project: &Project) -> Vec<bool> {
    let old = entries(before);
    let is_gone = &mut |entry: &Entry| !project.contains_key(&(entry.path.clone(), entry.symbol.clone()));
    let found = pairs(&old, &vec![false; old.len()], now, is_gone);
    let mut used: Vec<usize> = found.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), found.iter().flatten().count(), "an entry stands for one finding");
    found.iter().map(Option::is_some).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_old_is_lost_by_one_change(before in project(), change in change()) {
        let mut after = before.clone();
        apply(&mut after, &change, 0);
        let known = known(&before, &entries(&after), &after);
        prop_assert!(known.iter().all(|known| *known), "{after:?}");
    }

    #[test]
    fn nothing_old_is_lost_by_many_changes_of_one_kind(before in project(), which in prop::collection::vec(any::<usize>(), 1..6), kind in 0..3_usize) {
        let mut after = before.clone();
        for (step, which) in which.iter().enumerate() {
            let change = [Change::RenameFile(*which), Change::RenameFunction(*which), Change::Mend(*which)][kind].clone();
            apply(&mut after, &change, step);
        }
        let known = known(&before, &entries(&after), &after);
        prop_assert!(known.iter().all(|known| *known), "{after:?}");
    }

    /// Whatever was mended and moved, a statement in a function that is still there beside the old ones is new.
    #[test]
    fn nothing_new_is_absorbed(before in project(), changes in prop::collection::vec(change(), 0..4), place in any::<usize>(), statement in 0..4_usize) {
        let mut after = before.clone();
        let mut mended = 0;
        for (step, change) in changes.iter().enumerate() {
            mended += apply(&mut after, change, step);
        }
        let old = entries(&after).len();
        let keys: Vec<_> = after.keys().cloned().collect();
        let statement = format!("create_task(work{statement}())");
        after.get_mut(&keys[place % keys.len()]).unwrap().push(statement);
        let known = known(&before, &entries(&after), &after);
        let told = known.iter().filter(|known| !**known).count();
        // Where as many were mended, one of the same kind in the same function cannot be told from the old one.
        prop_assert!(told + mended >= 1, "{old} old ones: {after:?}");
        prop_assert!(known.iter().filter(|known| **known).count() <= entries(&before).len());
    }
}

fn entry(path: &str, symbol: &str, statement: &str) -> Entry {
    let (path, rule, symbol, statement) = (path.to_owned(), "dropped-task".to_owned(), symbol.to_owned(), statement.to_owned());
    Entry { path, rule, symbol, statement, ordinal: 0, level: "default".to_owned() }
}

#[test]
fn what_is_mended_does_not_stand_for_a_new_one_elsewhere() {
    let old = [entry("a.py", "main", "f()")];
    for new in [entry("a.py", "other", "f()"), entry("b.py", "main", "f()"), entry("b.py", "other", "f()"), entry("a.py", "main", "g()")] {
        assert_eq!(pairs(&old, &[false], std::slice::from_ref(&new), &mut |_| false), [None], "{new:?}");
    }
}

#[test]
fn a_moved_one_does_not_take_the_place_of_one_that_stayed() {
    let old = [entry("a.py", "main", "f()"), entry("b.py", "main", "f()")];
    let new = [entry("c.py", "main", "f()"), entry("b.py", "main", "f()")];
    assert_eq!(pairs(&old, &[false; 2], &new, &mut |entry| entry.path == "a.py"), [Some(0), Some(1)]);
}
