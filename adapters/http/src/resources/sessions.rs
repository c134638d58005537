//! Sessions: signing in, staying signed in and signing out.

use std::sync::Arc;

use onsale_application::accounts::{SignInError, Tokens};
use onsale_application::ports::{EndedBecause, RotateError};
use poem_openapi::payload::{Json, Response};
use poem_openapi::types::Password;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use super::Tag;
use crate::auth::SignedIn;
use crate::context::RequestContext;
use crate::input::{EmailText, JsonBody, Text};
use crate::password_limit::PasswordLimit;
use crate::problem::{BODY, Code, Problem, SIGNED_IN};
use crate::refusals::busy;
use crate::sign_in_limit::SignInLimit;
use crate::state::UseCases;

/// Who signs in.
#[derive(Object)]
struct SignIn {
    /// The address of the account.
    #[oai(validator(max_length = 254))]
    email: EmailText,
    /// Its password.
    #[oai(validator(max_length = 256))]
    password: Password,
}

/// Who stays signed in.
#[derive(Object)]
struct Refresh {
    /// The newest refresh token of the session.
    #[oai(validator(max_length = 512))]
    refresh_token: Text,
}

/// How to send an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum TokenType {
    /// As `Authorization: Bearer …`.
    Bearer,
}

/// Proof of a signing-in.
#[derive(Object)]
#[oai(rename = "Tokens")]
struct TokensBody {
    /// Proves who calls, for a short time.
    access_token: Text,
    /// Exchanges for the next pair, once.
    refresh_token: Text,
    /// How to send the access token.
    token_type: TokenType,
    /// How long the access token is good, in seconds.
    expires_in: i64,
}

/// Tokens, with word that nothing on the way may keep them (RFC 6749, 5.1).
fn signed_in(tokens: Tokens) -> Response<Json<TokensBody>> {
    let body = TokensBody {
        access_token: Text(tokens.access_token),
        refresh_token: Text(tokens.refresh_token),
        token_type: TokenType::Bearer,
        expires_in: tokens.expires_in,
    };
    Response::new(Json(body)).header("Cache-Control", "no-store")
}

#[derive(ApiResponse)]
enum SignedOut {
    /// Signed out.
    #[oai(status = 204)]
    SignedOut,
}

crate::problems! {
    /// Why nobody was signed in.
    enum SignInProblem includes [BODY] { BadCredentials }
}

impl From<SignInError> for SignInProblem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::BadCredentials => Self::BadCredentials,
            SignInError::Busy => busy().into(),
            SignInError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

crate::problems! {
    /// Why a session does not go on.
    enum RefreshProblem includes [BODY] { RefreshTokenInvalid }
}

impl From<RotateError> for RefreshProblem {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::Ended(_) => Self::RefreshTokenInvalid,
            RotateError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

crate::problems! {
    /// Why nobody was signed out.
    enum SignOutProblem includes [SIGNED_IN] {}
}

/// The sessions.
pub(crate) struct SessionsApi {
    state: Arc<UseCases>,
    limit: SignInLimit,
    passwords: Arc<PasswordLimit>,
}

impl SessionsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>, passwords: Arc<PasswordLimit>) -> Self {
        Self { state, limit: SignInLimit::new(), passwords }
    }
}

#[OpenApi(prefix_path = "/v1/sessions", tag = "Tag::Accounts")]
impl SessionsApi {
    /// Sign in
    ///
    /// As slow for an unknown address as for a wrong password. Attempts are limited per account and client address
    /// together, and with registrations per client address (`rate_limited`), and so is the number of passwords that are
    /// compared at once (`busy`).
    #[oai(path = "/", method = "post", operation_id = "sign_in")]
    async fn sign_in(
        &self,
        context: RequestContext,
        body: JsonBody<SignIn>,
    ) -> Result<Response<Json<TokensBody>>, SignInProblem> {
        let SignIn { email, password } = body.0;
        let limited = |wait| Problem::new(Code::RateLimited).retry_after(wait);
        self.limit.check(&email.0, context.client).map_err(limited)?;
        self.passwords.check(context.client)?;
        Ok(signed_in(self.state.sessions.sign_in(&email.0, password.0).await?))
    }

    /// Stay signed in
    ///
    /// Exchanges a refresh token for the next pair. Each is good once: to present one again ends the session, because
    /// somebody else may have it.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh(
        &self,
        context: RequestContext,
        body: JsonBody<Refresh>,
    ) -> Result<Response<Json<TokensBody>>, RefreshProblem> {
        let refreshed = self.state.sessions.refresh(&body.0.refresh_token.0).await;
        if refreshed.as_ref().err() == Some(&RotateError::Ended(EndedBecause::Reused)) {
            let (request_id, client) = (&context.id, &context.client);
            tracing::warn!(%request_id, %client, "a refresh token was presented again; its session has been ended");
        }
        Ok(signed_in(refreshed?))
    }

    /// Sign out
    ///
    /// The refresh token is worthless from now on; the access token when its short time is over.
    #[oai(path = "/current", method = "delete", operation_id = "sign_out")]
    async fn sign_out(&self, caller: SignedIn) -> Result<SignedOut, SignOutProblem> {
        self.state.sessions.sign_out(caller.0.session).await.map_err(Problem::from)?;
        Ok(SignedOut::SignedOut)
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::Unavailable;

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let sign_in = |error| Problem::from(SignInProblem::from(error)).code();
        assert_eq!(sign_in(SignInError::BadCredentials), Code::BadCredentials);
        assert_eq!(sign_in(SignInError::Busy), Code::Busy);
        assert_eq!(sign_in(SignInError::Unavailable(Unavailable::because("down"))), Code::Unavailable);
        let refresh = |error| Problem::from(RefreshProblem::from(error)).code();
        for because in [EndedBecause::Unknown, EndedBecause::Over, EndedBecause::Reused] {
            assert_eq!(refresh(RotateError::Ended(because)), Code::RefreshTokenInvalid);
        }
        assert_eq!(refresh(RotateError::Unavailable(Unavailable::because("down"))), Code::Unavailable);
    }
}
