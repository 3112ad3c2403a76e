//! Findings with their places and fixes, and the list that rules add them to.

use super::{phrases, vocabulary};
use crate::text::{FileId, Span};

vocabulary! {
    /// How bad a finding is, worst first.
    #[derive(Default)]
    pub enum Severity {
        /// It fails as written, or two facts in the files contradict each other.
        Error = "error",
        /// It causes trouble in production in a known way.
        Warning = "warning",
        /// A trade-off worth knowing.
        Info = "info",
        /// Hygiene.
        #[default]
        Hint = "hint",
    }

    /// The severity that a configuration gives a rule, or `off`.
    pub enum Level {
        Error = "error",
        Warning = "warning",
        Info = "info",
        Hint = "hint",
        Off = "off",
    }

    /// The lowest severity that makes a check fail.
    pub enum FailOn {
        Error = "error",
        Warning = "warning",
        Info = "info",
        Never = "never",
    }

    /// How sure a finding is, which is independent of its severity.
    #[derive(Default)]
    pub enum Confidence {
        /// The files alone prove it.
        #[default]
        Certain = "certain",
        /// True unless something outside the files says otherwise.
        Likely = "likely",
        /// Worth a look.
        Possible = "possible",
    }

    /// Whether a fix may be applied without being read first.
    pub enum Safety {
        Safe = "safe",
        Unsafe = "unsafe",
    }
}

impl FailOn {
    /// Whether a finding of this severity makes a check fail.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity <= Severity::Error,
            FailOn::Warning => severity <= Severity::Warning,
            FailOn::Info => severity <= Severity::Info,
            FailOn::Never => false,
        }
    }
}

impl Level {
    /// Returns the severity of the rule; `None` means that the rule is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Error => Some(Severity::Error),
            Level::Warning => Some(Severity::Warning),
            Level::Info => Some(Severity::Info),
            Level::Hint => Some(Severity::Hint),
            Level::Off => None,
        }
    }
}

/// A text edit: `text` replaces what stands at `span`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the fix does, in the imperative: "Wait for `db` to be healthy".
    pub title: String,
    pub safety: Safety,
    /// Sorted, never overlapping.
    pub edits: Vec<Edit>,
}

impl Fix {
    pub fn safe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Fix {
        Fix::new(title.into(), Safety::Safe, edits.into())
    }

    pub fn r#unsafe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Fix {
        Fix::new(title.into(), Safety::Unsafe, edits.into())
    }

    fn new(title: String, safety: Safety, mut edits: Vec<Edit>) -> Fix {
        edits.sort_by_key(|edit| edit.span);
        Fix { title, safety, edits }
    }
}

/// Which of several findings with one cause is reported, the others being related to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precedence {
    /// Where it hurts most, such as at a data store.
    First,
    #[default]
    Usual,
    /// Where something else takes the edge off it.
    Last,
}

/// Another place that belongs to a finding, and what is to be seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub span: Span,
    pub message: String,
}

/// A place that a finding stands for beside its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Other {
    pub span: Span,
    pub subject: String,
    pub key_path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `PLM101`.
    pub code: &'static str,
    /// `depends-on-started-only`.
    pub name: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub span: Span,
    /// `service app`, or `Deployment shop/api, container web`.
    pub subject: String,
    /// The path of keys to the place: `services.app.ports[8080:80]`. Filled in when the report is made.
    pub key_path: String,
    /// The other places that the finding stands for.
    pub others: Vec<Other>,
    /// One or two sentences that name the user's own objects.
    pub message: String,
    /// The reason why this finding in particular hurts; without it, that of the rule counts.
    pub why: Option<String>,
    /// Advice for this finding in particular; without it, the advice of the rule counts, which
    /// [`explain`](crate::explain) knows.
    pub help: Option<String>,
    /// Commands for the running system, with the user's own names filled in.
    pub check: Vec<String>,
    pub related: Vec<Related>,
    /// Number of related places that are left out, apart from those that the finding stands for.
    pub left_out: usize,
    pub fixes: Vec<Fix>,
    /// Fixes in a chart or an overlay that have not been tried by building again.
    pub untried: Vec<Fix>,
    /// Names of the targets that this is about; empty for a finding on a file as it stands.
    pub targets: Vec<String>,
    /// Names of the targets that the place itself is built into, where the finding stands for others as well.
    pub own_targets: Option<Vec<String>>,
    /// What the finding comes from; see [`Finding::cause`].
    pub cause: Option<String>,
    /// What the finding gathers places for; see [`Finding::gathers`].
    pub gathers: Option<String>,
    /// Which of the findings with one cause is reported, where their files count alike: see
    /// [`Finding::precedence`].
    pub precedence: Precedence,
    /// Whether a warning stays one in a file for development.
    pub bites_in_development: bool,
    /// Number of other places that the finding stands for.
    pub more: usize,
    /// Whether the message holds for these places word by word, but for the names of their objects.
    pub is_same: bool,
    /// Whether a command names a release by a placeholder.
    pub names_release: bool,
    /// Whether the marked text has no effect: editors may fade it out.
    pub unnecessary: bool,
    /// Whether the marked text is obsolete: editors may strike it through.
    pub deprecated: bool,
}

/// Maximum number of related places of a finding, apart from those that it needs to be understood.
const MAX_RELATED: usize = 10;

/// Maximum number of related places of a finding, whatever they are for.
const MAX_NEEDED: usize = 30;

impl Finding {
    /// Returns the files of the finding and of those that it stands for.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        std::iter::once(self.span.file).chain(self.others.iter().map(|it| it.span.file))
    }

    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    pub fn confidence(&mut self, confidence: Confidence) -> &mut Self {
        self.confidence = confidence;
        self
    }

    pub fn subject(&mut self, subject: impl Into<String>) -> &mut Self {
        self.subject = subject.into();
        self
    }

    /// Adds another place, with what is to be seen there. A place is named once.
    pub fn also(&mut self, span: &Span, message: impl Into<String>) -> &mut Self {
        if !self.related.iter().any(|related| related.span == *span) {
            self.related.push(Related { span: *span, message: message.into() });
        }
        self
    }

    /// Adds the first of further places, with what is to be seen there, and says how many others there are.
    pub fn also_first<T>(
        &mut self,
        mut places: impl Iterator<Item = (Span, T)>,
        says: impl Fn(T) -> String,
    ) -> &mut Self {
        for (span, place) in places.by_ref().take(MAX_RELATED) {
            self.also(&span, says(place));
        }
        self.left_out += places.count();
        self
    }

    /// States what the finding comes from, such as `image rabbitmq:3.8`. The findings of one rule with the
    /// same cause in one application become one: the place that counts most is reported, and the others are
    /// related to it with their subjects. The cause is a key and shown to nobody, and it identifies the finding
    /// in later runs, as in [`Finding::gathers`].
    pub fn cause(&mut self, cause: impl Into<String>) -> &mut Self {
        let cause = cause.into();
        self.gathers.get_or_insert_with(|| cause.clone());
        self.cause = Some(cause);
        self
    }

    /// States a cause that identifies the finding in this run only: it holds paths, which depend on how the
    /// command was called, or a secret, or the names of all places.
    pub fn cause_in_this_run(&mut self, cause: impl Into<String>) -> &mut Self {
        self.cause = Some(cause.into());
        self
    }

    /// States what the finding gathers places for, such as `published data stores`, the same for one place
    /// and for many. With the rule and the application it identifies the finding in later runs, in which
    /// another place may lead.
    pub fn gathers(&mut self, what: impl Into<String>) -> &mut Self {
        self.gathers = Some(what.into());
        self
    }

    /// Says that the finding stands for the same thing in other places, and points at them.
    pub fn stands_for(&mut self, others: &[(Span, String)]) -> &mut Self {
        let place = |(span, what): &(Span, String)| {
            (Other { span: *span, ..Other::default() }, what.clone())
        };
        self.stands_for_others(others.iter().map(place).collect())
    }

    /// Says that the finding stands for places in which its message holds word by word, and names the other
    /// files that they are in. Points at them.
    pub fn stands_for_places(&mut self, others: Vec<Related>, files: &[&str]) -> &mut Self {
        let place = |it: Related| (Other { span: it.span, ..Other::default() }, it.message);
        self.is_same = !others.is_empty();
        self.stands_for_others(others.into_iter().map(place).collect());
        self.name_files(files);
        self
    }

    /// Says that the finding stands for other places, each with what is to be seen there, and points at them.
    pub fn stands_for_others(&mut self, others: Vec<(Other, String)>) -> &mut Self {
        self.more += others.len();
        self.name_files(&[]);
        for (other, message) in others {
            let span = other.span;
            self.others.push(other);
            if span != self.span {
                self.also(&span, message);
            }
        }
        self
    }

    /// Leaves out related places where there are too many of them, first those that the finding only stands for,
    /// and says how many are left out.
    pub fn cut_related(&mut self) {
        for related in &mut self.related {
            let length = phrases::without_unlisted(&related.message).len();
            related.message.truncate(length);
        }
        while self.related.len() > MAX_RELATED {
            let is_other = |it: &Related| self.others.iter().any(|other| other.span == it.span);
            let Some(last) = self.related.iter().rposition(is_other) else { break };
            self.related.remove(last);
        }
        self.left_out += self.related.len().saturating_sub(MAX_NEEDED);
        self.related.truncate(MAX_NEEDED);
        let is_listed = |span: Span| {
            span == self.span || self.related.iter().any(|related| related.span == span)
        };
        let mut unlisted: Vec<Span> = self.others.iter().map(|it| it.span).collect();
        unlisted.retain(|span| !is_listed(*span));
        unlisted.sort_unstable();
        unlisted.dedup();
        if let Some(last) = self.related.last_mut() {
            last.message.push_str(&phrases::unlisted(unlisted.len() + self.left_out));
        }
    }

    /// Says how many other places the finding stands for, and names the other files that they are in.
    pub fn name_files(&mut self, files: &[&str]) {
        let one = self.message_for_one().len();
        self.message.truncate(one);
        self.message.push_str(&phrases::more_like_it(self.more, files, self.is_same));
    }

    /// Returns the names of the targets that the place itself is built into.
    pub fn targets_of_place(&self) -> &[String] {
        self.own_targets.as_ref().unwrap_or(&self.targets)
    }

    /// Returns the message without the number of other places that the finding stands for.
    pub fn message_for_one(&self) -> &str {
        phrases::without_more(&self.message)
    }

    /// Says whether the finding goes before or after others with the same cause.
    pub fn precedence(&mut self, precedence: Precedence) -> &mut Self {
        self.precedence = precedence;
        self
    }

    /// Says that the finding weighs as much in a file for development as anywhere.
    pub fn bites_in_development(&mut self) -> &mut Self {
        self.bites_in_development = true;
        self
    }

    pub fn why(&mut self, why: impl Into<String>) -> &mut Self {
        self.why = Some(why.into());
        self
    }

    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a command that shows the problem in the running system.
    pub fn check(&mut self, command: impl Into<String>) -> &mut Self {
        self.check.push(command.into());
        self
    }

    /// Adds a fix, unless it edits nothing.
    pub fn fix(&mut self, fix: Fix) -> &mut Self {
        if !fix.edits.is_empty() {
            self.fixes.push(fix);
        }
        self
    }

    /// Adds a fix where there is one: some places cannot be edited safely.
    pub fn maybe_fix(&mut self, fix: Option<Fix>) -> &mut Self {
        if let Some(fix) = fix {
            self.fix(fix);
        }
        self
    }
}

/// The list that rules add their findings to, one rule after the other.
#[derive(Debug, Default)]
pub struct Findings {
    code: &'static str,
    name: &'static str,
    severity: Severity,
    list: Vec<Finding>,
}

impl Findings {
    pub fn new(code: &'static str, name: &'static str, severity: Severity) -> Findings {
        Findings { code, name, severity, list: Vec::new() }
    }

    /// Attributes the findings that follow to another rule.
    pub fn next(&mut self, code: &'static str, name: &'static str, severity: Severity) {
        (self.code, self.name, self.severity) = (code, name, severity);
    }

    /// Adds a finding at a place, with the severity of the rule.
    pub fn at(&mut self, span: &Span, message: impl Into<String>) -> &mut Finding {
        let index = self.list.len();
        self.list.push(Finding {
            code: self.code,
            name: self.name,
            severity: self.severity,
            confidence: Confidence::Certain,
            span: *span,
            subject: String::new(),
            key_path: String::new(),
            others: Vec::new(),
            message: message.into(),
            why: None,
            help: None,
            check: Vec::new(),
            related: Vec::new(),
            left_out: 0,
            fixes: Vec::new(),
            untried: Vec::new(),
            targets: Vec::new(),
            own_targets: None,
            cause: None,
            gathers: None,
            precedence: Precedence::Usual,
            bites_in_development: false,
            more: 0,
            is_same: false,
            names_release: false,
            unnecessary: false,
            deprecated: false,
        });
        &mut self.list[index]
    }

    /// Returns the number of findings so far.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Returns the findings added since the list held `count` of them.
    pub fn since(&mut self, count: usize) -> &mut [Finding] {
        &mut self.list[count..]
    }

    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
