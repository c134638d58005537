//! The commands beside `serve`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use onsale_application::accounts::Registration;
use onsale_application::ports::{Audit, AuditReport, DeadAlarms, HoldAlarm, HoldTimer, Unavailable, Violation};
use onsale_domain::account::Role;
use onsale_http::{plan_file, specification};

use crate::command_line::{Command, CommandLine, Operator};
use crate::configuration::{self, Configuration};
use crate::failure::Failure;
use crate::random;
use crate::serve;
use crate::terminal::say;
use crate::wiring::{self, Wired};

/// How long lanes and connections may take to close after a command.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// What an audit proves beside the database.
const ALARMS: &str = "alarms_are_answered";

/// Runs one command.
///
/// # Errors
/// [`Failure`], for the person at the terminal.
pub(crate) async fn run(command_line: CommandLine) -> Result<ExitCode, Failure> {
    if matches!(command_line.command, Command::Openapi) {
        say(specification().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let configuration = configuration::load(command_line.config.as_deref())?;
    match command_line.command {
        Command::Serve { demo } => serve::run(configuration, demo).await,
        Command::Migrate => migrate(&configuration).await,
        Command::Audit => audit(&configuration).await,
        Command::Config => show(&configuration),
        Command::Operator(Operator::Create { email, name, password }) => {
            create_operator(&configuration, email, name, password).await
        }
        Command::ImportPlan { file } => import_plan(&configuration, file).await,
        Command::Openapi => unreachable!("answered without a configuration"),
    }
}

async fn migrate(configuration: &Configuration) -> Result<ExitCode, Failure> {
    let database = wiring::database(configuration).await?;
    database.migrate().await?;
    database.close().await;
    say("the schema is up to date");
    Ok(ExitCode::SUCCESS)
}

async fn audit(configuration: &Configuration) -> Result<ExitCode, Failure> {
    let embedded = configuration.embedded_database();
    if configuration.is_embedded() && !embedded.is_file() {
        return Err(Failure::because(format!("there is no database {} that could be audited", embedded.display())));
    }
    let database = wiring::database(configuration).await?;
    let timer = wiring::shared_timer(configuration)?;
    let limit = configuration.audit.violations;
    let mut report = wiring::audit(&database, configuration).audit(limit).await?;
    database.close().await;
    let alarms = match timer {
        Some(timer) => audit_alarms(&*timer, limit, &mut report).await,
        None => Ok(()),
    };
    print(&report);
    if let Err(error) = alarms {
        say(&format!("NOT CHECKED {ALARMS}: {error}"));
    }
    Ok(if report.violations.is_empty() && report.unfinished.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks for alarms that were given up: nobody has lost anything by them, but something keeps their holds from being
/// tidied. Alarms are no truth, so that an audit without Redis proves everything else.
async fn audit_alarms(timer: &dyn HoldTimer, limit: u32, report: &mut AuditReport) -> Result<(), Unavailable> {
    let DeadAlarms { known, dead, some } = timer.dead(limit as usize).await?;
    report.checked.push((ALARMS, known));
    let detail = |alarm: HoldAlarm| {
        let HoldAlarm { reservation, performance, due } = alarm;
        format!("reservation {reservation}, performance {performance}, due {due}, one of {dead} dead alarms")
    };
    report.violations.extend(some.into_iter().map(|alarm| Violation { invariant: ALARMS, detail: detail(alarm) }));
    Ok(())
}

fn print(report: &AuditReport) {
    for (invariant, rows) in &report.checked {
        say(&format!("{invariant}: proved on {rows} rows"));
    }
    for violation in &report.violations {
        say(&format!("VIOLATED {}: {}", violation.invariant, violation.detail));
    }
    for invariant in &report.unfinished {
        say(&format!("NOT FINISHED {invariant}: audit.seconds were over"));
    }
    let well = report.violations.is_empty() && report.unfinished.is_empty();
    say(if well { "audit: every invariant holds" } else { "audit: failed" });
}

fn show(configuration: &Configuration) -> Result<ExitCode, Failure> {
    say(toml::to_string(configuration).map_err(Failure::because)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

async fn create_operator(
    configuration: &Configuration,
    email: String,
    name: String,
    password: Option<String>,
) -> Result<ExitCode, Failure> {
    let wired = wired(configuration).await?;
    let made = password.is_none();
    let password = password.unwrap_or_else(random::password);
    let registration = Registration { email, password: password.clone(), name, roles: vec![Role::Operator] };
    let id = wired.use_cases.register.execute(registration).await;
    wired.close(CLOSE_LIMIT).await;
    say(&format!("operator {} created", id?));
    if made {
        say(&format!("password, shown only now: {password}"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn import_plan(configuration: &Configuration, file: PathBuf) -> Result<ExitCode, Failure> {
    let plan = read_plan(&file)?;
    let wired = wired(configuration).await?;
    let plan = wired.use_cases.edit.add_plan(plan, None).await;
    wired.close(CLOSE_LIMIT).await;
    let plan = plan.map_err(|error| Failure::because(format!("{}: {error}", file.display())))?;
    say(&format!("seating plan {} `{}` with {} seats", plan.id, plan.name, plan.seats.len()));
    for category in &plan.categories {
        say(&format!("  category {} `{}`", category.id, category.name));
    }
    Ok(ExitCode::SUCCESS)
}

fn read_plan(file: &Path) -> Result<onsale_domain::plan::PlanFile, Failure> {
    let named = |error: &dyn std::fmt::Display| Failure::because(format!("{}: {error}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| named(&error))?.len();
    if length > plan_file::BYTES_LIMIT as u64 {
        return Err(named(&format!("{length} bytes, at most {} are allowed", plan_file::BYTES_LIMIT)));
    }
    let bytes = std::fs::read(file).map_err(|error| named(&error))?;
    plan_file::parse(&bytes).map_err(|error| named(&error))
}

async fn wired(configuration: &Configuration) -> Result<Wired, Failure> {
    let database = wiring::database(configuration).await?;
    database.migrate().await?;
    wiring::wire(configuration, database)
}
