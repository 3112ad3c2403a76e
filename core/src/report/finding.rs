//! A finding, its places and its fixes, and the list that rules write them into.

use crate::text::Span;

/// How bad it is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Severity {
    /// As written it fails, or two facts in the files contradict each other.
    Error,
    /// Bites in production in a known way.
    Warning,
    /// A trade-off worth knowing.
    Info,
    /// Hygiene.
    #[default]
    Hint,
}

impl Severity {
    pub const ALL: [Severity; 4] =
        [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint];

    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Hint => "hint",
        }
    }

    pub fn from_name(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How sure we are, apart from how bad it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Confidence {
    /// Provable from the files alone.
    #[default]
    Certain,
    /// True unless something outside the files says otherwise.
    Likely,
    /// Worth a look.
    Possible,
}

impl Confidence {
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        }
    }
}

/// Whether a fix may be applied without being read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    Safe,
    Unsafe,
}

impl Safety {
    pub fn name(self) -> &'static str {
        match self {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe",
        }
    }
}

/// Put `text` in the place of `span`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "Wait for `db` to be healthy".
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

/// Another place that belongs to a finding, and what is to be seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub span: Span,
    pub message: String,
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
    /// One or two sentences that name the user's own objects.
    pub message: String,
    /// What helps here in particular; else what the rule says does. That, and why it matters, is
    /// asked of [`explain`](crate::explain) when somebody reads the finding.
    pub help: Option<String>,
    /// Commands for the running system, with the user's own names filled in.
    pub check: Vec<String>,
    pub related: Vec<Related>,
    pub fixes: Vec<Fix>,
    /// The code that no longer does anything: editors may fade it out.
    pub unnecessary: bool,
    pub deprecated: bool,
}

impl Finding {
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

    /// Another place, with what is to be seen there.
    pub fn also(&mut self, span: &Span, message: impl Into<String>) -> &mut Self {
        self.related.push(Related { span: *span, message: message.into() });
        self
    }

    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub fn check(&mut self, command: impl Into<String>) -> &mut Self {
        self.check.push(command.into());
        self
    }

    pub fn fix(&mut self, fix: Fix) -> &mut Self {
        if !fix.edits.is_empty() {
            self.fixes.push(fix);
        }
        self
    }

    /// [`fix`](Self::fix) where there may be none, as for a place that a safe edit cannot reach.
    pub fn maybe_fix(&mut self, fix: Option<Fix>) -> &mut Self {
        if let Some(fix) = fix {
            self.fix(fix);
        }
        self
    }
}

/// Where the rules write their findings, one rule after the other.
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

    /// What comes from now on is of this rule.
    pub fn next(&mut self, code: &'static str, name: &'static str, severity: Severity) {
        (self.code, self.name, self.severity) = (code, name, severity);
    }

    /// Adds a finding at a place, with the rule's own severity.
    pub fn at(&mut self, span: &Span, message: impl Into<String>) -> &mut Finding {
        self.add(*span, message.into())
    }

    fn add(&mut self, span: Span, message: String) -> &mut Finding {
        let index = self.list.len();
        self.list.push(Finding {
            code: self.code,
            name: self.name,
            severity: self.severity,
            confidence: Confidence::Certain,
            span,
            subject: String::new(),
            message,
            help: None,
            check: Vec::new(),
            related: Vec::new(),
            fixes: Vec::new(),
            unnecessary: false,
            deprecated: false,
        });
        &mut self.list[index]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Those that came when there were so many already.
    pub fn since(&mut self, count: usize) -> &mut [Finding] {
        &mut self.list[count..]
    }

    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
