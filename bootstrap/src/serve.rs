//! `onsale serve`: start, serve until told to stop, drain.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use onsale_http::{Draining, HttpSettings, admin, api, bind};
use onsale_support::supervise::Supervisor;
use onsale_telemetry::{LogFormat, MetricsHandle, build_info, init_logs, init_metrics};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::configuration::Configuration;
use crate::demo::{self, Demo};
use crate::failure::Failure;
use crate::tasks;
use crate::terminal::{complain, say};
use crate::wiring::{self, Wired};

/// How long a start may go on after this process was told to stop.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long supervised tasks may take to end.
const TASKS_LIMIT: Duration = Duration::from_secs(5);
/// How long lanes may take to flush and connections to close, beyond the drain limit of the listener.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// [`Failure`] when the process cannot start.
pub(crate) async fn run(configuration: Configuration, demo: bool) -> Result<ExitCode, Failure> {
    let configuration = if demo { demo_configuration(configuration)? } else { configuration };
    let metrics = init_metrics()?;
    build_info(env!("CARGO_PKG_VERSION"));
    let _logs = init_logs(&configuration.log)?;
    let stop = stop_signal()?;
    let Some((wired, shown)) = unless_told_to_stop(&stop, start(&configuration, demo)).await.transpose()? else {
        info!("stopped while starting");
        return Ok(ExitCode::SUCCESS);
    };
    let listeners = Listeners::bind(&configuration.http)?;
    let supervisor = Arc::new(Supervisor::new(CancellationToken::new()));
    tasks::start(&supervisor, &wired, &configuration, &metrics);
    announce(&listeners, shown.as_ref())?;
    serve(&configuration, &wired, &supervisor, listeners, metrics, stop).await;
    if let Err(error) = supervisor.shutdown(TASKS_LIMIT).await {
        warn!(%error, "some tasks were cut off");
    }
    wired.close(CLOSE_LIMIT).await;
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Brings the schema up to date and puts everything together.
async fn start(configuration: &Configuration, demo: bool) -> Result<(Wired, Option<Demo>), Failure> {
    let database = wiring::database(configuration).await?;
    database.migrate().await?;
    let wired = wiring::wire(configuration, database)?;
    let shown = if demo { Some(demo_data(configuration, &wired).await?) } else { None };
    Ok((wired, shown))
}

/// What a start comes to; nothing when it goes on for too long after this process was told to stop. The little time is
/// for a migration that has begun: cut off, MySQL would keep half of it.
async fn unless_told_to_stop<T>(stop: &CancellationToken, start: impl Future<Output = T>) -> Option<T> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(START_LIMIT).await;
    };
    tokio::select! {
        biased;
        started = start => Some(started),
        () = late => None,
    }
}

/// A demo is embedded, on loopback, readable at a terminal, and gives points for nothing.
fn demo_configuration(mut configuration: Configuration) -> Result<Configuration, Failure> {
    if !configuration.is_embedded() {
        return Err(Failure::because("--demo runs on the embedded database; leave database_url out"));
    }
    for address in [&mut configuration.http.listen, &mut configuration.http.admin_listen] {
        if !address.ip().is_loopback() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
    }
    configuration.charges.test = true;
    if configuration.log.format == LogFormat::Json && std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        configuration.log.format = LogFormat::Text;
    }
    Ok(configuration)
}

async fn demo_data(configuration: &Configuration, wired: &Wired) -> Result<Demo, Failure> {
    demo::prepare(wired, &configuration.data_folder, configuration.currency).await
}

/// Both listeners, bound before anything is said about readiness.
struct Listeners {
    public: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    fn bind(settings: &HttpSettings) -> Result<Self, Failure> {
        let bound = |name: &str, address: SocketAddr| {
            bind(address, &settings.limits).map_err(|error| {
                Failure::because(format!("setting `{name}`: {address} cannot be listened on: {error}"))
            })
        };
        Ok(Self {
            public: bound("http.listen", settings.listen)?,
            admin: bound("http.admin_listen", settings.admin_listen)?,
        })
    }
}

fn announce(listeners: &Listeners, demo: Option<&Demo>) -> Result<(), Failure> {
    let public = listeners.public.local_addr()?;
    let admin = listeners.admin.local_addr()?;
    info!(%public, %admin, version = env!("CARGO_PKG_VERSION"), "serving");
    say(&format!("Onsale serves http://{public}"));
    say(&format!("  Swagger page     http://{public}/docs"));
    say(&format!("  metrics, health  http://{admin}/metrics  http://{admin}/health/detail"));
    if let Some(Demo { accounts, room, campaign }) = demo {
        say(&format!("  customer         {}  {}", accounts.customer_email, accounts.customer_password));
        say(&format!("  operator         {}  {}", accounts.operator_email, accounts.operator_password));
        say("  Sign in with POST /v1/sessions, then press Authorize on the Swagger page and paste the access_token.");
        say(&format!("  waiting room     {room}, in front of the first concert: POST /v1/waiting-rooms/{room}/tokens"));
        say(&format!("  coupons          {campaign}, the first hundred: POST /v1/coupon-campaigns/{campaign}/coupons"));
    }
    Ok(())
}

/// Serves both listeners until told to stop; the admin listener stays a little longer, so that draining can be seen.
async fn serve(
    configuration: &Configuration,
    wired: &Wired,
    supervisor: &Arc<Supervisor>,
    listeners: Listeners,
    metrics: MetricsHandle,
    stop: CancellationToken,
) {
    let settings = &configuration.http;
    let public = api(&wired.use_cases, settings, supervisor, Draining::new(stop.clone()));
    let render = Arc::new(move || metrics.render());
    let admin = admin(wired.use_cases.readiness.clone(), render, settings);
    let admin_stop = CancellationToken::new();
    let readiness = wired.use_cases.readiness.clone();
    let draining = async {
        stop.cancelled().await;
        readiness.start_draining();
        info!("told to stop");
    };
    let public = async {
        onsale_http::serve(public, listeners.public, settings, stop.clone()).await;
        admin_stop.cancel();
    };
    let admin = onsale_http::serve(admin, listeners.admin, settings, admin_stop.clone());
    tokio::join!(draining, public, admin);
}

/// Cancelled by SIGTERM or SIGINT; a second one ends the process at once.
fn stop_signal() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if again {
                complain("told to stop a second time: stopping at once");
                std::process::exit(1);
            }
            told.cancel();
        }
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_start_that_hangs_is_given_up_once_the_process_is_told_to_stop() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert_eq!(unless_told_to_stop(&stop, std::future::pending::<()>()).await, None);
        let slow = async { tokio::time::sleep(START_LIMIT / 2).await };
        assert_eq!(unless_told_to_stop(&stop, slow).await, Some(()), "what has begun may end");
    }
}
