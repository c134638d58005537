//! Dependencies point inwards only: `domain` ← `application` ← `adapters/*` ← `bootstrap`.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// All that the domain may use: it knows no I/O, SQL, JSON or HTTP. `hmac` and `sha2` make the draw, `url` checks a redirect.
const DOMAIN_MAY_USE: [&str; 8] = ["chrono", "chrono-tz", "hmac", "serde", "sha2", "thiserror", "url", "uuid"];

/// Where a member of the workspace stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Domain,
    Application,
    /// What adapters share; knows nothing of Onsale.
    Support,
    Adapter,
    Bootstrap,
    /// Servers for tests; knows nothing of Onsale, so that an adapter's own tests may use it.
    TestServers,
    Tests,
}

impl Layer {
    /// The layer of a folder, relative to the workspace; nothing for a folder that has no place in it.
    fn of(folder: &str) -> Option<Self> {
        match folder {
            "domain" => Some(Self::Domain),
            "application" => Some(Self::Application),
            "adapters/support" => Some(Self::Support),
            "bootstrap" => Some(Self::Bootstrap),
            "tests/servers" => Some(Self::TestServers),
            "tests" | "tests/load" => Some(Self::Tests),
            _ => folder.strip_prefix("adapters/").filter(|name| !name.contains('/')).map(|_| Self::Adapter),
        }
    }

    fn may_use(self, other: Self) -> bool {
        match self {
            Self::Domain | Self::Support | Self::TestServers => false,
            Self::Application => other == Self::Domain,
            Self::Adapter => matches!(other, Self::Application | Self::Domain | Self::Support),
            Self::Bootstrap => !matches!(other, Self::Bootstrap | Self::Tests | Self::TestServers),
            Self::Tests => true,
        }
    }
}

/// A member of the workspace.
struct Member {
    name: String,
    folder: String,
    uses: Vec<Use>,
}

/// A crate that a member depends on.
struct Use {
    name: String,
    only_in_tests: bool,
}

/// Every arrow that does not point inwards.
fn wrong_arrows(members: &[Member]) -> Vec<String> {
    members.iter().flat_map(|member| wrong_arrows_of(member, members)).collect()
}

fn wrong_arrows_of(member: &Member, members: &[Member]) -> Vec<String> {
    let Some(layer) = Layer::of(&member.folder) else {
        return vec![format!("{} stands in {}, which is no layer", member.name, member.folder)];
    };
    let is_wrong = |used: &&Use| {
        let known = members.iter().find(|other| other.name == used.name);
        match known.and_then(|other| Layer::of(&other.folder)) {
            Some(other) => !(layer.may_use(other) || used.only_in_tests && other == Layer::TestServers),
            None => layer == Layer::Domain && !used.only_in_tests && !DOMAIN_MAY_USE.contains(&used.name.as_str()),
        }
    };
    let wrong = member.uses.iter().filter(is_wrong);
    wrong.map(|used| format!("{} must not depend on {}", member.name, used.name)).collect()
}

fn members(metadata: &Metadata) -> Vec<Member> {
    metadata.workspace_packages().into_iter().map(|package| member(package, &metadata.workspace_root)).collect()
}

fn member(package: &Package, root: impl AsRef<Path>) -> Member {
    let folder = package.manifest_path.parent().expect("a manifest stands in a folder");
    let folder = folder.as_std_path().strip_prefix(root).expect("members stand in the workspace");
    let uses = package.dependencies.iter().map(|dependency| Use {
        name: dependency.name.clone(),
        only_in_tests: dependency.kind == DependencyKind::Development,
    });
    Member { name: package.name.to_string(), folder: folder.to_string_lossy().replace('\\', "/"), uses: uses.collect() }
}

#[test]
fn every_dependency_points_inwards() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo describes it");
    let members = members(&metadata);
    let layers: Vec<_> = members.iter().filter_map(|member| Layer::of(&member.folder)).collect();
    for layer in [Layer::Domain, Layer::Application, Layer::Support, Layer::Adapter, Layer::Bootstrap] {
        assert!(layers.contains(&layer), "nothing stands in {layer:?}");
    }
    assert_eq!(wrong_arrows(&members), Vec::<String>::new());
}

fn made_up(name: &str, folder: &str, uses: &[&str]) -> Member {
    let uses = uses.iter().map(|name| Use { name: (*name).to_owned(), only_in_tests: false });
    Member { name: name.to_owned(), folder: folder.to_owned(), uses: uses.collect() }
}

/// A workspace whose arrows all point inwards.
fn sound() -> Vec<Member> {
    vec![
        made_up("domain", "domain", &["chrono", "serde"]),
        made_up("application", "application", &["domain", "tokio"]),
        made_up("support", "adapters/support", &["tokio"]),
        made_up("sql", "adapters/sql", &["application", "domain", "support", "sqlx"]),
        made_up("http", "adapters/http", &["application", "domain", "support", "poem"]),
        made_up("onsale", "bootstrap", &["application", "domain", "http", "sql", "support"]),
        made_up("servers", "tests/servers", &["sqlx"]),
        made_up("tests", "tests", &["domain", "sql", "servers", "onsale"]),
    ]
}

#[test]
fn a_sound_graph_has_no_wrong_arrow() {
    assert_eq!(wrong_arrows(&sound()), Vec::<String>::new());
}

#[test]
fn each_wrong_arrow_is_named() {
    let wrong = [
        ("domain", "application"),
        ("domain", "support"),
        ("domain", "tokio"),
        ("domain", "sqlx"),
        ("domain", "serde_json"),
        ("domain", "poem"),
        ("application", "sql"),
        ("application", "support"),
        ("application", "onsale"),
        ("support", "domain"),
        ("sql", "http"),
        ("sql", "onsale"),
        ("sql", "servers"),
        ("onsale", "tests"),
        ("servers", "domain"),
    ];
    for (from, to) in wrong {
        let mut graph = sound();
        let member = graph.iter_mut().find(|member| member.name == from).expect("it is in the graph");
        member.uses.push(Use { name: to.to_owned(), only_in_tests: false });
        assert_eq!(wrong_arrows(&graph), [format!("{from} must not depend on {to}")]);
    }
}

#[test]
fn tests_of_an_adapter_may_use_servers_and_no_other_adapter() {
    let mut graph = sound();
    let sql = graph.iter_mut().find(|member| member.name == "sql").expect("it is in the graph");
    sql.uses.extend(["servers", "http"].map(|name| Use { name: name.to_owned(), only_in_tests: true }));
    assert_eq!(wrong_arrows(&graph), ["sql must not depend on http"]);
}

#[test]
fn a_member_without_a_layer_is_named() {
    let mut graph = sound();
    graph.push(made_up("stray", "adapters/sql/inner", &[]));
    assert_eq!(wrong_arrows(&graph), ["stray stands in adapters/sql/inner, which is no layer"]);
}
