//! Files that nobody wrote by hand: deep, long, wide. None may take the program down.

use crate::tree::{Run, Tree};

const HEAD: &str = "async def send() -> None: ...\n\n\n";

/// The file is checked or refused with a notice; the sound file beside it is checked in any case.
fn survives(name: &str, source: &str) -> Run {
    let tree = Tree::new();
    tree.write("sound.py", format!("{HEAD}send()\n"));
    tree.write("strange.py", source);
    let run = tree.check(&["--output-format", "concise"]);
    assert!(run.stdout.contains("sound.py:4:1: error[unawaited-coroutine]"), "{name}: {run:?}");
    assert!(matches!(run.code, Some(1 | 2)), "{name}: {run:?}");
    assert_eq!(run.code == Some(2), run.stderr.contains("could not be checked"), "{name}: {run:?}");
    assert!(!run.stderr.contains("bug") && !run.stderr.contains("panic"), "{name}: {run:?}");
    assert!(run.stderr.lines().all(|line| line.len() < 400) && run.stderr.lines().count() < 5, "{name}: {run:?}");
    run
}

fn indented(levels: usize) -> String {
    (0..levels).map(|level| format!("{}if x:\n", " ".repeat(level))).collect::<Vec<_>>().concat() + &" ".repeat(levels) + "pass\n"
}

#[test]
fn what_python_refuses_is_refused() {
    for (name, source) in [
        ("brackets", format!("x = {}1{}\n", "(".repeat(10_000), ")".repeat(10_000))),
        ("open brackets", "[".repeat(100_000)),
        ("open braces", "{".repeat(100_000)),
        ("mixed brackets", "([{".repeat(30_000)),
        ("sum", format!("x = {}a\n", "a+".repeat(20_000))),
        ("powers", format!("x = {}a\n", "a**".repeat(20_000))),
        ("calls", format!("x = f{}\n", "()".repeat(20_000))),
        ("attributes", format!("x = f{}\n", ".a".repeat(20_000))),
        ("subscripts", format!("x = f{}\n", "[0]".repeat(20_000))),
        ("nots", format!("x = {}a\n", "not ".repeat(20_000))),
        ("minuses", format!("x = {}a\n", "-".repeat(20_000))),
        ("tildes", format!("x = {}a\n", "~".repeat(20_000))),
        ("awaits", format!("async def f():\n    {}a\n", "await ".repeat(20_000))),
        ("lambdas", format!("x = {}a\n", "lambda: ".repeat(20_000))),
        ("conditions", format!("x = {}a\n", "a if b else ".repeat(20_000))),
        ("indents", indented(1_000)),
    ] {
        assert_eq!(survives(name, &source).code, Some(2), "{name}");
    }
}

#[test]
fn what_python_takes_is_checked() {
    let brackets = |count: usize| format!("x = {}1{}\n", "(".repeat(count), ")".repeat(count));
    let long_sum = format!("x = {}a\n", "a+".repeat(9_000));
    let elifs = format!("if x:\n    pass\n{}", "elif x:\n    pass\n".repeat(5_000));
    for (name, source) in [
        ("brackets", brackets(190)),
        ("sum", long_sum),
        ("indents", indented(90)),
        ("else", elifs),
        ("decorators", format!("{}def f(): ...\n", "@d\n".repeat(5_000))),
        ("statements on a line", "x = 1;".repeat(50_000) + "\n"),
        ("a long list", format!("x = [{}]\n", "1, ".repeat(100_000))),
        ("comparisons", format!("x = {}a\n", "a < ".repeat(4_000))),
        ("or", format!("x = {}a\n", "a or ".repeat(9_000))),
        ("implicit concatenation", format!("x = ({})\n", "'a' ".repeat(20_000))),
        ("targets", format!("{}a\n", "a = ".repeat(4_000))),
        ("keywords", format!("f({})\n", (0..5_000).map(|number| format!("k{number}=1,")).collect::<Vec<_>>().concat())),
        ("continued lines", format!("x = 1 {}\n", "\\\n".repeat(10_000))),
        ("empty lines", "\n".repeat(1_000_000)),
        ("a long name", format!("{} = 1\n", "a".repeat(1_000_000))),
        ("a long string", format!("x = '{}'\n", "é".repeat(500_000))),
        ("a long number", format!("x = {}\n", "9".repeat(100_000))),
    ] {
        let run = survives(name, &source);
        assert_eq!(run.code, Some(1), "{name}: {run:?}");
    }
}

/// Nested f-strings and chains of these shapes may be checked or refused, but must not overflow.
#[test]
fn nothing_overflows() {
    let strings = |depth: usize| (0..depth).fold("1".to_owned(), |inner, _| format!("f\"{{{inner}}}\""));
    for (name, source) in [
        ("f-strings", format!("x = {}\n", strings(150))),
        ("deep f-strings", format!("x = {}\n", strings(5_000))),
        ("open f-strings", "f\"{".repeat(20_000)),
        ("format specifications", format!("x = f\"{{a{}{}\"\n", ":{a".repeat(5_000), "}".repeat(5_001))),
        ("stars", format!("x = [{}a]\n", "*".repeat(20_000))),
        ("walrus", format!("x = ({}a)\n", "a := ".repeat(20_000))),
        ("matches", format!("match x:\n    case {}a{}: pass\n", "[".repeat(5_000), "]".repeat(5_000))),
        ("alternatives", format!("match x:\n    case {}a: pass\n", "1 | ".repeat(20_000))),
        ("annotations", format!("x: {}int\n", "'".repeat(9_999))),
        ("comprehensions", format!("x = [a {}]\n", "for a in b ".repeat(20_000))),
        ("conditions in a comprehension", format!("x = [a for a in b {}]\n", "if a ".repeat(20_000))),
        ("yields", format!("def f():\n    {}a\n", "yield ".repeat(20_000))),
        ("operators only", "+ - * / ".repeat(20_000)),
        ("dedents", format!("{}{}", indented(99), indented(99))),
        ("elses", format!("x = {}\n", "else ".repeat(20_000))),
        ("many errors", "def f(:\n".repeat(20_000)),
        ("binary", (0..200_000_u32).filter_map(|number| char::from_u32(number * 7 % 0xd7ff + 1)).collect()),
    ] {
        survives(name, &source);
    }
}

#[test]
fn a_file_of_fifty_thousand_lines() {
    let tree = Tree::new();
    let functions = (0..9_999).map(|number| format!("async def f{number}() -> None:\n    await send()\n    print({number})\n\n\n"));
    let source = format!("{HEAD}{}send()\n", functions.collect::<Vec<_>>().concat());
    let line = source.lines().count();
    assert!(line > 49_990);
    tree.write("long.py", source);
    let run = tree.check(&[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains(&format!("--> long.py:{line}:1")), "{}", run.stdout);
    assert!(run.stdout.lines().count() < 12, "{}", run.stdout);
}

#[test]
fn a_long_line_does_not_flood_the_terminal() {
    let tree = Tree::new();
    let long = "b".repeat(500_000);
    tree.write("wide.py", format!("async def send(*words) -> None: ...\n\n\nx = '{long}'; send('{long}'); send()\n"));
    tree.write(
        "deep.py",
        format!("import asyncio\n\n\nasync def send(*words) -> None: ...\n\n\nasync def main() -> None:\n    asyncio.create_task(send('{long}'))\n"),
    );
    let run = tree.check(&[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.stdout.matches("error[unawaited-coroutine]").count(), 2);
    assert_eq!(run.stdout.matches("error[dropped-task]").count(), 1);
    assert!(run.stdout.lines().all(|line| line.chars().count() < 450), "{:.9999}", run.stdout);
    assert!(run.stdout.contains("send('bbb") && run.stdout.contains("; send()"), "{}", run.stdout);
}

#[test]
fn a_tree_of_many_files_is_reported_in_order() {
    let tree = Tree::new();
    for number in (0..500).rev() {
        tree.write(&format!("package{}/module{number:03}.py", number % 7), format!("{HEAD}send()\n"));
    }
    let run = tree.check(&["--output-format", "concise"]);
    let paths: Vec<_> = run.stdout.lines().collect();
    assert_eq!(paths.len(), 500);
    assert!(paths.is_sorted());
    assert!(run.stderr.contains("500 findings in 500 files (500 files checked)"), "{}", run.stderr);
}
