//! The prompt: what a model is told about the machine it works on, from a template or in our words.

mod facts;
mod python;
mod template;

use std::ffi::OsString;
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::config::Config;
use facts::Facts;

/// Writes the prompt. Cheap to clone; all clones share what was found out.
#[derive(Clone, Debug)]
pub struct Prompt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    template: String,
    info: String,
    facts: Facts,
    environment: Vec<(OsString, OsString)>,
    python: OnceCell<Option<String>>,
}

impl Prompt {
    /// The prompt that `config` asks for, on this machine, for commands that run with `environment`.
    pub fn new(config: &Config, environment: Vec<(OsString, OsString)>) -> Self {
        Self(Arc::new(Shared {
            template: config.system_prompt.clone(),
            info: config.info.clone(),
            facts: Facts::gather(&environment),
            environment,
            python: OnceCell::new(),
        }))
    }

    /// The prompt's text. The first call may take some milliseconds: it looks for Python.
    pub async fn text(&self) -> String {
        let python = self.python().await;
        if self.0.template.is_empty() {
            return template::default(&self.0.facts, python, &self.0.info);
        }
        template::fill(&self.0.template, |name| self.0.facts.named(name, python))
    }

    /// What the operator wrote for models, if anything.
    pub fn info(&self) -> &str {
        &self.0.info
    }

    async fn python(&self) -> Option<&str> {
        let found = self
            .0
            .python
            .get_or_init(|| python::version(self.0.environment.clone()));
        found.await.as_deref()
    }
}
