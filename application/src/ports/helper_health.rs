use async_trait::async_trait;

use super::Unavailable;

/// The health of something that this process can do without for a while: with it away, what does not need it goes on.
#[async_trait]
pub trait HelperHealth: Send + Sync {
    /// Its name among the checks.
    fn name(&self) -> &'static str;

    /// What is known about it while it is well. It must not take long, and must not name a secret.
    ///
    /// # Errors
    /// [`Unavailable`] says why it is not well.
    async fn status(&self) -> Result<String, Unavailable>;
}
