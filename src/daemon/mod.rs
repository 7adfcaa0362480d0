//! The process: everything is built from a config, runs, and ends in order.

mod exit;
mod feed;
mod pipelines;
mod reload;
mod samples;
mod screen;
mod show;
mod signals;
mod standing;
mod summary;
mod watchdog;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::{info, warn};

use self::pipelines::Pipelines;
use self::reload::Reload;
use self::show::Show;
use self::signals::Asked;
use self::signals::Signals;
use self::standing::Standing;
use crate::admin;
use crate::config::Config;
use crate::kafka::Cluster;
use crate::pipeline::Shared;
use crate::runtime::Clock;
use crate::runtime::Runtime;
use crate::source::Deadlines;
use crate::source::MemoryBudget;
use crate::telemetry::Exporter;
use crate::telemetry::RuntimeMetrics;
use crate::telemetry::init_log;

pub use exit::Exit;
pub use screen::Screen;

/// How the process is to run.
pub struct Options {
    /// Ends when all sources are at their ends and every record has its outcome.
    pub until_idle: bool,
    /// Where a demo is shown.
    pub screen: Screen,
}

/// How often the daemon looks after everything.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// After the deadline: for executions that were cancelled, and for everything until the watchdog ends the process. The last
/// commit and the client's farewell, which have bounds of their own, fit in between.
const CANCEL: Duration = Duration::from_secs(1);
const WATCHDOG: Duration = Duration::from_secs(5);

/// Runs until a signal or, where asked to, until there is nothing left to do.
pub fn run(config: Config, options: Options) -> anyhow::Result<Exit> {
    init_log(&config.log)?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("wait")
        .enable_all()
        .build()?;
    let exit = tokio.block_on(serve(config, options));
    tokio.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn serve(config: Config, options: Options) -> anyhow::Result<Exit> {
    let exporter = Exporter::install();
    // Before anything is started, so that no signal ends the process half-way.
    let mut signals = Signals::new()?;
    let standing = Arc::new(Standing::starting());
    let admin = match config.admin.enabled {
        true => Some(Admin::start(&config, &exporter, &standing).await?),
        false => None,
    };
    let address = admin.as_ref().map(|admin| admin.address);
    let mut daemon = Daemon::start(config, options, exporter, standing, address)?;
    daemon.run(&mut signals).await?;
    let exit = daemon.end();
    if let Some(admin) = admin {
        admin.stop().await;
    }
    Ok(exit)
}

/// Everything that runs. Pipelines and the tasks of the config have connections, and are dropped before the cluster.
struct Daemon {
    pipelines: Pipelines,
    show: Option<Show>,
    reload: Reload,
    care: Care,
    config: Config,
    cluster: Arc<Cluster>,
    standing: Arc<Standing>,
    until_idle: bool,
    stopping: bool,
}

impl Daemon {
    fn start(
        config: Config,
        options: Options,
        exporter: Exporter,
        standing: Arc<Standing>,
        admin: Option<SocketAddr>,
    ) -> anyhow::Result<Daemon> {
        let tokio = tokio::runtime::Handle::current();
        let runtime = Runtime::new(&config.runtime, Clock::real(), tokio)?;
        let cluster = Arc::new(Cluster::new(&config.kafka).context("kafka")?);
        let budget = Arc::new(MemoryBudget::new(config.memory.in_flight.bytes()));
        let shared = Shared {
            runtime: runtime.clone(),
            cluster: Arc::clone(&cluster),
            budget: Arc::clone(&budget),
            instance: config.instance.clone(),
            deadlines: Deadlines {
                drain: config.shutdown.deadline.0,
                cancel: CANCEL,
            },
            until_idle: options.until_idle,
        };
        let pipelines = start_pipelines(&config, &shared, &exporter)?;
        let show = config
            .demo
            .as_ref()
            .map(|demo| Show::start(demo, &config.pipelines, &cluster, admin, options.screen));
        Ok(Daemon {
            pipelines,
            show: show.transpose()?,
            reload: Reload::new(&config),
            care: Care::new(exporter, runtime, budget),
            config,
            cluster,
            standing,
            until_idle: options.until_idle,
            stopping: false,
        })
    }

    /// Until all pipelines have ended.
    async fn run(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Reload => {
                        info!(signal = "SIGHUP", "reading definitions again");
                        self.reload.all(&self.config, &mut self.pipelines);
                    }
                    Asked::End(signal) => {
                        info!(signal, "stopping");
                        if self.stopping {
                            self.pipelines.hurry();
                        }
                        self.stop()?;
                    }
                },
                _ = looks.tick() => {
                    if self.pipelines.look() {
                        return Ok(());
                    }
                    self.look()?;
                }
            }
            let (not_ready, pipelines) = (self.pipelines.not_ready(), self.pipelines.standing());
            self.standing.set(not_ready, pipelines);
        }
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let all_shown = match &mut self.show {
            Some(show) => show.look(&self.pipelines),
            None => false,
        };
        if all_shown && self.until_idle {
            self.stop()?;
        }
        self.reload.changed(&self.config, &mut self.pipelines);
        self.care.take();
        Ok(())
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        if !self.stopping {
            self.stopping = true;
            watchdog::start(self.config.shutdown.deadline.0 + WATCHDOG)?;
            self.show.iter().for_each(Show::stop);
            self.pipelines.stop();
        }
        Ok(())
    }

    fn end(self) -> Exit {
        let exit = self.pipelines.exit();
        let Some(show) = self.show else { return exit };
        let shown = show.end(&self.pipelines, &self.cluster);
        // An end by signal leaves orders behind, which is what was asked for.
        match exit == Exit::Done && self.until_idle {
            true => shown,
            false => exit,
        }
    }
}

fn start_pipelines(
    config: &Config,
    shared: &Shared,
    exporter: &Exporter,
) -> anyhow::Result<Pipelines> {
    let fed = config.demo.as_ref().map(|demo| &demo.pipeline);
    let shared = |pipeline: &crate::config::Pipeline| Shared {
        // What the demo still feeds is not at its end whenever it is empty.
        until_idle: shared.until_idle && fed != Some(&pipeline.name),
        ..shared.clone()
    };
    Pipelines::start(&config.pipelines, shared, exporter)
}

/// The admin port while it is open.
struct Admin {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Admin {
    async fn start(
        config: &Config,
        exporter: &Exporter,
        standing: &Arc<Standing>,
    ) -> anyhow::Result<Admin> {
        let listen = config.admin.listen;
        let listener = TcpListener::bind(listen);
        let listener = listener
            .await
            .with_context(|| format!("admin.listen {listen}"))?;
        let address = listener.local_addr()?;
        info!(%address, "admin port is open");
        if !listen.ip().is_loopback() && config.admin.token.is_empty() {
            warn!(%listen, "the admin port is open to others and asks for no token");
        }
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // A dropped sender means the same.
            let _ = stopped.await;
        };
        let shown = admin::Shown {
            exporter: exporter.clone(),
            health: Arc::clone(standing) as Arc<dyn admin::Health>,
            config: Arc::new(config.redacted.clone()),
        };
        let settings = config.admin.clone();
        let serving =
            tokio::spawn(async move { admin::serve(listener, &settings, shown, shutdown).await });
        Ok(Admin {
            address,
            stop,
            serving,
        })
    }

    /// Waits a moment for answers under way.
    async fn stop(self) {
        drop(self.stop);
        let closed = tokio::time::timeout(Duration::from_secs(1), self.serving).await;
        if closed.is_err() {
            warn!("the admin port had requests open at the end");
        }
    }
}

/// What has to be done now and then.
struct Care {
    exporter: Exporter,
    runtime: Runtime,
    budget: Arc<MemoryBudget>,
    metrics: RuntimeMetrics,
    last_upkeep: Instant,
}

impl Care {
    fn new(exporter: Exporter, runtime: Runtime, budget: Arc<MemoryBudget>) -> Care {
        Care {
            exporter,
            runtime,
            budget,
            metrics: RuntimeMetrics::new(),
            last_upkeep: Instant::now(),
        }
    }

    fn take(&mut self) {
        self.metrics.set(&self.runtime.load(), self.budget.used());
        if self.last_upkeep.elapsed() >= UPKEEP_EVERY {
            self.last_upkeep = Instant::now();
            self.exporter.upkeep();
        }
    }
}
