//! Tenants, the digests of their API keys, and the keys that sign passes.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{CatalogueEditor, PassKey, PassKeys, Tenants};
use onsale_domain::ids::{AccountId, TenantId};
use onsale_domain::tenant::{ApiKey, Tenant};
use onsale_sql::{Database, SqlCatalogue, SqlPassKeys, SqlTenants};
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_key_names_its_tenant_until_it_is_revoked,
    a_key_belongs_to_a_tenant,
    the_journal_has_neither_keys_nor_digests,
    a_signing_key_is_added_by_one_replica,
);

fn tenants(store: &Store) -> SqlTenants {
    SqlTenants::new(store.database.clone(), store.context.clone())
}

async fn tenant(store: &Store, name: &str) -> Tenant {
    let tenant = Tenant { id: store.context.new_id(), name: name.to_owned(), created_at: store.context.now() };
    tenants(store).add(&tenant, store.context.new_id()).await.unwrap();
    tenant
}

fn key_of(store: &Store, tenant: TenantId) -> ApiKey {
    ApiKey { id: store.context.new_id(), tenant, name: "Shop".to_owned(), created_at: store.context.now() }
}

async fn a_key_names_its_tenant_until_it_is_revoked(store: Store) {
    let (tenants, operator) = (tenants(&store), store.context.new_id());
    let (owner, other) = (tenant(&store, "Arena").await, tenant(&store, "Hall").await);
    assert_eq!(tenants.tenant(owner.id).await.unwrap(), Some(owner.clone()));
    let (first, second) = (key_of(&store, owner.id), key_of(&store, owner.id));
    assert!(tenants.add_key(&first, [1; 32], operator).await.unwrap());
    assert!(tenants.add_key(&second, [2; 32], operator).await.unwrap());
    assert_eq!(tenants.by_digest(&[1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(tenants.by_digest(&[3; 32]).await.unwrap(), None);
    let now = store.context.now();
    assert!(!tenants.revoke_key(other.id, first.id, now, operator).await.unwrap(), "another's key");
    assert!(tenants.revoke_key(owner.id, first.id, now, operator).await.unwrap());
    let later = now + TimeDelta::seconds(1);
    assert!(!tenants.revoke_key(owner.id, first.id, later, operator).await.unwrap(), "it is revoked already");
    assert_eq!(tenants.by_digest(&[1; 32]).await.unwrap(), None);
    assert_eq!(tenants.by_digest(&[2; 32]).await.unwrap(), Some(second));
    assert_sound(&store).await;
}

async fn a_key_belongs_to_a_tenant(store: Store) {
    let (tenants, operator) = (tenants(&store), store.context.new_id());
    let nobody: TenantId = store.context.new_id();
    assert_eq!(tenants.tenant(nobody).await.unwrap(), None);
    assert!(!tenants.add_key(&key_of(&store, nobody), [1; 32], operator).await.unwrap());
    assert_eq!(tenants.by_digest(&[1; 32]).await.unwrap(), None);
}

async fn the_journal_has_neither_keys_nor_digests(store: Store) {
    let (tenants, operator): (_, AccountId) = (tenants(&store), store.context.new_id());
    let owner = tenant(&store, "Arena").await;
    let key = key_of(&store, owner.id);
    tenants.add_key(&key, [0xcd; 32], operator).await.unwrap();
    tenants.revoke_key(owner.id, key.id, store.context.now(), operator).await.unwrap();
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let lines = catalogue.operator_actions(None, 10).await.unwrap().items;
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["api_key_revoked", "api_key_created", "tenant_created"]);
    assert_eq!((lines[0].operator, lines[0].subject), (Some(operator), key.id.0));
    assert!(lines[0].after.contains("revoked_at"), "{}", lines[0].after);
    for line in &lines {
        let said = format!("{:?}{}", line.before, line.after).to_lowercase();
        let digests = ["digest", "205,205", "205, 205", "cdcd"]; // however its bytes would be written
        assert!(!digests.iter().any(|digest| said.contains(digest)), "{said}");
    }
}

async fn a_signing_key_is_added_by_one_replica(store: Store) {
    let key = |sequence: i64, byte: u8| PassKey {
        sequence,
        public: [byte; 32],
        sealed: vec![byte; 60],
        created_at: store.context.now(),
        active_from: store.context.now() + TimeDelta::minutes(5),
    };
    let mut adding = Vec::new();
    for byte in 0..4 {
        let keys = SqlPassKeys::new(Database::connect(&store.settings).await.unwrap());
        let key = key(1, byte);
        adding.push(tokio::spawn(async move { keys.add(&key).await.unwrap().then_some(key) }));
    }
    let added: Vec<_> = join_all(adding).await.into_iter().filter_map(Result::unwrap).collect();
    let keys = SqlPassKeys::new(store.database.clone());
    assert_eq!(added.len(), 1);
    assert!(keys.all().await.unwrap() == added);
    assert!(keys.add(&key(2, 9)).await.unwrap());
    assert_eq!(keys.all().await.unwrap().iter().map(|key| key.sequence).collect::<Vec<_>>(), [1, 2]);
    keys.remove_before(2).await.unwrap();
    assert!(keys.all().await.unwrap() == [key(2, 9)]);
}
