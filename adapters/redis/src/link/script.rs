use metrics::Histogram;
use redis::{Cmd, ToRedisArgs, cmd};
use uuid::Uuid;

use crate::metrics::script_seconds;

/// No arguments.
pub(crate) const NOTHING: &[i64] = &[];

/// A Lua script, which servers know by its digest once they have run it, or a command that they know anyway.
pub(crate) struct Script {
    text: &'static str,
    /// Nothing for a command that servers know anyway.
    digest: Option<String>,
    /// Whether running it twice does no harm, so that it may be sent again when a connection ended meanwhile.
    pub(super) repeatable: bool,
    pub(super) seconds: Histogram,
}

impl Script {
    /// A script called `name` in metrics.
    pub(crate) fn new(name: &'static str, text: &'static str) -> Self {
        let digest = Some(redis::Script::new(text).get_hash().to_owned());
        Self { text, digest, repeatable: true, seconds: script_seconds(name) }
    }

    /// The command `text` of Redis, which takes keys and then arguments, called `name` in metrics.
    pub(crate) fn known(name: &'static str, text: &'static str) -> Self {
        Self { text, digest: None, repeatable: true, seconds: script_seconds(name) }
    }

    /// A script that is never sent again when it may have run.
    pub(crate) fn never_again(self) -> Self {
        Self { repeatable: false, ..self }
    }
}

/// One run of a script.
pub(crate) struct Call<'a, A> {
    pub(crate) script: &'a Script,
    /// What the keys have in common: all keys of a tag are on one node.
    pub(crate) tag: Uuid,
    pub(crate) keys: &'a [String],
    pub(crate) arguments: &'a A,
}

impl<A: ToRedisArgs> Call<'_, A> {
    pub(super) fn by_digest(&self) -> Cmd {
        if let Some(digest) = &self.script.digest {
            return self.command("EVALSHA", digest);
        }
        let mut command = cmd(self.script.text);
        command.arg(self.keys).arg(self.arguments);
        command
    }

    /// For a server that does not know the script yet.
    pub(super) fn with_text(&self) -> Cmd {
        self.command("EVAL", self.script.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len()).arg(self.keys).arg(self.arguments);
        command
    }
}
