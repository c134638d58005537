use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::accounts::{
    RegisterAccount, RegisterAccountError, Registration, Sessions, SignInError, TokenLifetimes,
};
use onsale_application::ports::{EndedBecause, PasswordsError, RotateError, Unavailable};
use onsale_domain::account::Role;
use onsale_domain::ids::SessionId;
use uuid::Uuid;

use crate::doubles::{AccountsDouble, PasswordsDouble, SealsDouble, TestClock, at, context, digest};

struct Door {
    clock: Arc<TestClock>,
    accounts: Arc<AccountsDouble>,
    passwords: Arc<PasswordsDouble>,
    register: RegisterAccount,
    sessions: Sessions,
}

impl Door {
    fn new() -> Self {
        let clock = TestClock::new();
        let context = context(&clock);
        let accounts = Arc::new(AccountsDouble::default());
        let passwords = Arc::new(PasswordsDouble::default());
        let seals = Arc::new(SealsDouble::default());
        let lifetimes = TokenLifetimes { access: TimeDelta::seconds(600), session: TimeDelta::days(30) };
        let register = RegisterAccount::new(accounts.clone(), passwords.clone(), context.clone());
        let sessions = Sessions::new(accounts.clone(), passwords.clone(), seals, lifetimes, context);
        Self { clock, accounts, passwords, register, sessions }
    }

    async fn with_min_ji() -> Self {
        let door = Self::new();
        door.register.execute(min_ji()).await.expect("nobody has the address");
        door
    }

    async fn refused(&self, email: &str, password: &str) -> SignInError {
        self.sessions.sign_in(email, password.to_owned()).await.err().expect("must be refused")
    }
}

fn min_ji() -> Registration {
    Registration {
        email: " Min.Ji@Example.com ".to_owned(),
        password: "correct horse".to_owned(),
        name: " Min-ji ".to_owned(),
        roles: vec![Role::Customer],
    }
}

#[tokio::test]
async fn an_account_is_stored_with_its_address_in_lower_case_and_never_its_password() {
    let door = Door::new();
    let id = door.register.execute(min_ji()).await.expect("nobody has the address");
    let registered = door.accounts.registered.lock();
    let account = &registered[0].account;
    assert_eq!((account.id, account.email.as_str(), account.name.as_str()), (id, "min.ji@example.com", "Min-ji"));
    assert_eq!((account.roles.as_slice(), account.created_at), ([Role::Customer].as_slice(), at(0)));
    assert_eq!(registered[0].password_hash, "hash of correct horse");
}

#[tokio::test]
async fn what_is_not_valid_is_refused_before_any_password_is_hashed() {
    let door = Door::new();
    let wrong = [
        ("email", Registration { email: "nobody".to_owned(), ..min_ji() }),
        ("name", Registration { name: "  ".to_owned(), ..min_ji() }),
        ("password", Registration { password: "short".to_owned(), ..min_ji() }),
    ];
    for (field, registration) in wrong {
        let refused = door.register.execute(registration).await;
        assert!(matches!(refused, Err(RegisterAccountError::Invalid(error)) if error.field() == field), "{field}");
    }
    assert_eq!((*door.passwords.hashed.lock(), door.accounts.registered.lock().len()), (0, 0));
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_spelled() {
    let door = Door::with_min_ji().await;
    let again = Registration { email: "MIN.JI@example.com".to_owned(), ..min_ji() };
    assert_eq!(door.register.execute(again).await, Err(RegisterAccountError::EmailTaken));
}

#[tokio::test]
async fn a_full_queue_of_passwords_makes_nobody() {
    let door = Door::new();
    *door.passwords.failure.lock() = Some(PasswordsError::Busy);
    assert_eq!(door.register.execute(min_ji()).await, Err(RegisterAccountError::Busy));
    let broken = PasswordsError::Failed("no memory".to_owned());
    *door.passwords.failure.lock() = Some(broken.clone());
    let unavailable = RegisterAccountError::Unavailable(Unavailable::because(broken));
    assert_eq!(door.register.execute(min_ji()).await, Err(unavailable));
    assert_eq!(door.accounts.registered.lock().len(), 0);
}

#[tokio::test]
async fn signing_in_opens_a_session_and_keeps_only_the_digest_of_its_token() {
    let door = Door::with_min_ji().await;
    door.clock.set(1_000);
    let tokens = door.sessions.sign_in("min.ji@example.com", "correct horse".to_owned()).await.expect("signed in");
    let opened = door.accounts.opened.lock();
    assert_eq!((tokens.refresh_token.as_str(), tokens.expires_in), ("refresh 1", 600));
    assert_eq!((opened[0].token_digest, opened[0].created_at), (digest("refresh 1"), at(1_000)));
    assert_eq!(opened[0].expires_at, at(1_000) + TimeDelta::days(30));
    let stated = [format!("{:?}", opened[0].id), "Customer".to_owned(), format!("{:?}", at(601_000))];
    assert!(stated.iter().all(|part| tokens.access_token.contains(part)), "{}", tokens.access_token);
}

#[tokio::test]
async fn an_unknown_account_costs_the_same_work_as_a_wrong_password() {
    let door = Door::with_min_ji().await;
    for email in ["min.ji@example.com", "nobody@example.com", "not an address"] {
        assert_eq!(door.refused(email, "wrong horse").await, SignInError::BadCredentials, "{email}");
    }
    let hash = Some("hash of correct horse".to_owned());
    assert_eq!(*door.passwords.verified.lock(), [hash, None, None]);
    assert_eq!(door.accounts.opened.lock().len(), 0);
}

#[tokio::test]
async fn a_full_queue_of_passwords_signs_nobody_in() {
    let door = Door::with_min_ji().await;
    *door.passwords.failure.lock() = Some(PasswordsError::Busy);
    assert_eq!(door.refused("min.ji@example.com", "correct horse").await, SignInError::Busy);
    assert_eq!(door.accounts.opened.lock().len(), 0);
}

#[tokio::test]
async fn refreshing_exchanges_one_digest_for_the_next() {
    let door = Door::with_min_ji().await;
    door.sessions.sign_in("min.ji@example.com", "correct horse".to_owned()).await.expect("signed in");
    door.clock.set(5_000);
    let tokens = door.sessions.refresh("refresh 1").await.expect("the session lives");
    assert_eq!((tokens.refresh_token.as_str(), tokens.expires_in), ("refresh 2", 600));
    let rotations = door.accounts.rotations.lock();
    assert_eq!((rotations[0].presented, rotations[0].next), (digest("refresh 1"), digest("refresh 2")));
    assert_eq!((rotations[0].at, rotations[0].expires_at), (at(5_000), at(5_000) + TimeDelta::days(30)));
    let session = format!("{:?}", door.accounts.opened.lock()[0].id);
    assert!(tokens.access_token.contains(&session), "the session stays the same");
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_exchanged_for_nothing() {
    let door = Door::with_min_ji().await;
    let refused = door.sessions.refresh("stolen").await.err();
    assert_eq!(refused, Some(RotateError::Ended(EndedBecause::Unknown)));
}

#[tokio::test]
async fn signing_out_ends_the_session_now() {
    let door = Door::new();
    door.clock.set(7_000);
    let session = SessionId(Uuid::from_u128(9));
    door.sessions.sign_out(session).await.expect("the store answers");
    assert_eq!(*door.accounts.ended.lock(), [(session, at(7_000))]);
}
