//! Subprocesses that are waited for, and whose exit status nobody reads.

use ruff_python_ast::name::Name;
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{CallSite, Load, Local, Use};
use crate::finding::Span;

/// What starts a subprocess of asyncio, under the name of its definition.
const STARTERS: [&str; 2] = ["asyncio.subprocess.create_subprocess_exec", "asyncio.subprocess.create_subprocess_shell"];

/// What a process is used for without its status: to talk to it, and to wait for it.
const DEAF_ATTRIBUTES: [&str; 4] = ["pid", "stderr", "stdin", "stdout"];

/// A subprocess whose exit status nobody reads.
#[derive(Debug)]
pub(crate) struct UnreadStatus {
    /// Where it is waited for.
    pub(crate) site: Site,
    /// The name of the process.
    pub(crate) process: String,
    /// Whether it is waited for there and nowhere else.
    pub(crate) is_only_wait: bool,
    /// Where it is started.
    pub(crate) started_at: Span,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The subprocesses of the module of which nobody learns how they ended.
    pub(super) fn unread_statuses(&self) -> impl Iterator<Item = UnreadStatus> + '_ {
        self.flow.body.calls.iter().filter(|site| !site.is_dead).filter_map(|site| self.unread_status(site))
    }

    fn unread_status(&self, site: &CallSite<'a>) -> Option<UnreadStatus> {
        let is_starter = |name: &Name| STARTERS.iter().any(|starter| starter.rsplit('.').next() == Some(name.as_str()));
        self.flow.body.called_name(site.call).filter(|name| is_starter(name))?;
        let Use::Awaited(given) = &site.how else { return None };
        let Use::Bound(local, _) = &**given else { return None };
        let variable = self.flow.body.variables.get(local)?;
        if variable.is_shared || variable.is_rebound() || self.flow.body.dynamic_frames.contains(&local.frame) {
            return None;
        }
        let mut waits = Vec::new();
        for load in &variable.loads {
            match self.process_use(load)? {
                ProcessUse::Talk => {}
                ProcessUse::Wait(range) => waits.push(range),
            }
        }
        let wait = self.flow.body.site_at(*waits.last()?)?;
        self.flow.module.callee(site.call)?.name.filter(|name| STARTERS.contains(&name.as_str()))?;
        Some(UnreadStatus {
            site: self.site(wait.call.range(), &wait.around),
            process: local.name.to_string(),
            is_only_wait: waits.len() == 1,
            started_at: self.flow.module.span(site.call.range()),
        })
    }

    /// What a process is used for, or `None` where that may tell how it ended, or ends it on purpose.
    fn process_use(&self, load: &Load<'a>) -> Option<ProcessUse> {
        let Use::Receiver { attribute, called, result } = &load.how else { return None };
        match (attribute.attr.as_str(), called) {
            ("communicate", Some(call)) => (!self.looks_at_errors(result)).then(|| ProcessUse::Wait(call.range())),
            ("wait", Some(call)) => {
                let is_dropped = matches!(&**result, Use::Awaited(status) if matches!(**status, Use::Dropped));
                is_dropped.then(|| ProcessUse::Wait(call.range()))
            }
            (name, None) => DEAF_ATTRIBUTES.contains(&name).then_some(ProcessUse::Talk),
            _ => None,
        }
    }

    /// Whether what `communicate` gives is taken apart, and somebody looks at what the process has to complain of.
    fn looks_at_errors(&self, result: &Use<'a>) -> bool {
        let Use::Awaited(output) = result else { return true };
        let is_read = |local: &Local| self.flow.body.variables.get(local).is_some_and(|variable| !variable.loads.is_empty());
        match &**output {
            Use::Unpacked(parts) => matches!(parts.get(1), Some(Use::Bound(local, _)) if is_read(local)),
            Use::Displayed => true,
            Use::Dropped | Use::Returned | Use::Promised(..) | Use::Bound(..) => false,
            _ => matches!(**output, Use::Subscripted(Some(1), _)),
        }
    }
}

/// What is done with a process that does not tell how it ends.
enum ProcessUse {
    Talk,
    Wait(ruff_text_size::TextRange),
}
