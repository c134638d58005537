use std::io;
use std::num::NonZeroUsize;
use std::thread;

use argon2::Params;
use async_trait::async_trait;
use crossbeam_channel::{Sender, TrySendError, bounded};
use onsale_application::ports::{Passwords, PasswordsError};
use thiserror::Error;
use tokio::sync::oneshot;

mod hasher;
mod metrics;
mod worker;

use hasher::Hasher;
use metrics::PasswordMetrics;
use worker::{Job, Worker};

/// How passwords are hashed, and how much of the machine that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// Argon2's memory, in KiB.
    pub memory_kib: u32,
    /// Argon2's passes over that memory.
    pub passes: u32,
    /// Argon2's lanes; they are filled one after the other.
    pub lanes: u32,
    /// How many threads hash: the most cores that passwords can ever take.
    pub threads: NonZeroUsize,
    /// How many passwords may wait; beyond, callers are told that it is busy. Each takes about 10 ms of a thread.
    pub queue: usize,
}

impl Default for PasswordSettings {
    /// Argon2id as OWASP's Password Storage Cheat Sheet recommends: 19 MiB, two passes, one lane. Half of the cores, so
    /// that a rush of sign-ins leaves the others to everything else.
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            memory_kib: 19 * 1_024,
            passes: 2,
            lanes: 1,
            threads: NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN),
            queue: 64,
        }
    }
}

/// Why no passwords can be hashed.
#[derive(Debug, Error)]
pub enum PasswordSettingsError {
    /// Argon2 refuses the parameters.
    #[error("argon2 cannot work with these parameters: {0}")]
    Parameters(argon2::Error),
    /// A thread could not be started.
    #[error("a thread for hashing could not be started: {0}")]
    Thread(#[from] io::Error),
}

/// Argon2id (RFC 9106) on threads of its own, behind a bounded queue.
///
/// Each thread keeps one block of memory from hash to hash and gives it back when it has been idle for a while, so 500
/// sign-ins at once take no more memory than one. Callers who have left are skipped. The threads end with this value.
pub struct ArgonPasswords {
    jobs: Sender<Job>,
    metrics: PasswordMetrics,
}

impl ArgonPasswords {
    /// Starts the threads. A recorder of metrics must be installed before, or nothing is recorded.
    ///
    /// # Errors
    /// [`PasswordSettingsError`].
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordSettingsError> {
        let PasswordSettings { memory_kib, passes, lanes, threads, queue } = settings;
        let params = Params::new(memory_kib, passes, lanes, None).map_err(PasswordSettingsError::Parameters)?;
        let (jobs, waiting) = bounded(queue);
        let metrics = PasswordMetrics::new();
        for _ in 0..threads.get() {
            let hasher = Hasher::new(params.clone());
            let worker = Worker { waiting: waiting.clone(), hasher, metrics: metrics.clone() };
            thread::Builder::new().name("passwords".to_owned()).spawn(move || worker.run())?;
        }
        Ok(Self { jobs, metrics })
    }

    async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hasher) -> Result<T, PasswordsError> + Send + 'static,
    ) -> Result<T, PasswordsError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |hasher| {
            if !reply.is_closed() {
                // Fails when the caller has left meanwhile: then nobody wants to know.
                reply.send(work(hasher)).ok();
            }
        });
        match self.jobs.try_send(job) {
            Ok(()) => self.metrics.waiting.set(count(self.jobs.len())),
            Err(TrySendError::Full(_)) => {
                self.metrics.refused.increment(1);
                return Err(PasswordsError::Busy);
            }
            Err(TrySendError::Disconnected(_)) => return Err(failed("the threads have ended")),
        }
        answer.await.unwrap_or_else(|_| Err(failed("the thread gave no answer")))
    }
}

#[async_trait]
impl Passwords for ArgonPasswords {
    async fn hash(&self, password: String) -> Result<String, PasswordsError> {
        self.submit(move |hasher| hasher.hash(&password)).await
    }

    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordsError> {
        self.submit(move |hasher| hasher.verify(&password, hash.as_deref())).await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are handed over by `map_err`")]
fn failed(cause: impl ToString) -> PasswordsError {
    PasswordsError::Failed(cause.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "the queue is far shorter than 2^52")]
fn count(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests;
