//! What the quick start shows: where to look, how it goes, what came out.

use std::time::{Duration, Instant};

use super::Exit;
use super::feed::Feed;
use super::pipelines::Pipelines;
use super::samples::{dead_letter_kind, result_kind, samples};
use super::screen::Screen;
use super::summary::Summary;
use crate::config;
use crate::demo::DemoConfig;
use crate::kafka::Cluster;
use crate::pipeline::SinkConfig;
use crate::pipeline::SourceConfig;
use crate::telemetry::Totals;

/// A demo on its screen.
pub(super) struct Show {
    config: DemoConfig,
    screen: Screen,
    feed: Option<Feed>,
    /// What the broker took, once everything was sent.
    sent: Option<u64>,
    summary: Summary,
    last_line: Instant,
    /// When the totals last changed, and to what.
    last_change: (Instant, Totals),
    topics: Topics,
}

/// The topics of the demo's pipeline.
struct Topics {
    input: String,
    output: Option<String>,
    dead_letters: Option<String>,
}

const LINE_EVERY: Duration = Duration::from_secs(1);
/// When nothing has changed for so long, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters of a sample that are shown.
const SHOWN: usize = 160;

impl Show {
    /// Says where to look, and begins to feed.
    pub(super) fn start(
        config: &DemoConfig,
        pipelines: &[config::Pipeline],
        cluster: &Cluster,
        admin: Option<std::net::SocketAddr>,
        mut screen: Screen,
    ) -> anyhow::Result<Show> {
        let topics = pipelines
            .iter()
            .find(|pipeline| pipeline.name == config.pipeline)
            .and_then(Topics::of)
            .expect("the config was checked: the demo's pipeline reads Kafka");
        let place = if cluster.is_embedded() {
            " (inside this process: in memory only, and not for ever)"
        } else {
            ""
        };
        screen.line(&format!("broker   {}{place}", cluster.bootstrap()));
        let out: Vec<_> = topics.outputs().collect();
        screen.line(&format!("topics   {} → {}", topics.input, out.join(", ")));
        if let Some(address) = admin {
            screen.line(&format!("metrics  http://{address}/metrics"));
        }
        let (count, rate) = (config.count, config.rate);
        screen.line(&format!(
            "demo     {count} orders, {rate} a second; ctrl-c ends it\n"
        ));
        let now = Instant::now();
        Ok(Show {
            feed: Some(Feed::start(config, cluster, &topics.input)?),
            config: config.clone(),
            screen,
            sent: None,
            summary: Summary::new(),
            last_line: now,
            last_change: (now, Totals::default()),
            topics,
        })
    }

    /// Shows how it goes; says whether every order is accounted for, or never will be.
    pub(super) fn look(&mut self, pipelines: &Pipelines) -> bool {
        let Some(metrics) = pipelines.metrics(&self.config.pipeline) else {
            return true;
        };
        let since = self.last_line.elapsed();
        if since >= LINE_EVERY {
            self.last_line = Instant::now();
            let line = match pipelines.not_ready() {
                Some(why) if metrics.totals().records == 0 => why,
                _ => self.summary.line(metrics, since),
            };
            self.screen.live(&line);
        }
        if let Some(feed) = self.feed.take_if(|feed| feed.is_finished()) {
            self.sent = Some(feed.join().unwrap_or(0));
        }
        let totals = metrics.totals();
        if totals != self.last_change.1 {
            self.last_change = (Instant::now(), totals.clone());
        }
        let patient = self.last_change.0.elapsed() < PATIENCE;
        self.sent.is_some_and(|sent| {
            let all_there = accounted(&totals) >= sent && totals.in_flight == 0;
            (all_there && pipelines.is_idle(&self.config.pipeline)) || !patient
        })
    }

    /// Sends no more.
    pub(super) fn stop(&self) {
        self.feed.iter().for_each(Feed::stop);
    }

    /// Says what came out; the answer is no when orders are missing.
    pub(super) fn end(mut self, pipelines: &Pipelines, cluster: &Cluster) -> Exit {
        let fed = self.feed.take().map(|feed| feed.join().unwrap_or(0));
        let sent = self.sent.or(fed).unwrap_or(0);
        let metrics = pipelines.metrics(&self.config.pipeline);
        let totals = metrics.map(|metrics| metrics.totals()).unwrap_or_default();
        if let Some(metrics) = metrics {
            let line = self.summary.line(metrics, self.last_line.elapsed());
            self.screen.line(&line);
        }
        self.show_samples(cluster);
        let (results, dead_letters) = (totals.results, totals.dead_letters);
        let missing = sent.saturating_sub(accounted(&totals));
        let verdict = match missing {
            0 => "every order is accounted for".to_string(),
            missing => format!("{missing} are left in the topic, uncommitted"),
        };
        self.screen.line(&format!(
            "\n{sent} orders in · {results} results + {dead_letters} dead letters out · {verdict}"
        ));
        match missing {
            0 => Exit::Done,
            _ => Exit::No,
        }
    }

    fn show_samples(&mut self, cluster: &Cluster) {
        let mut kinds = Vec::new();
        if let Some(topic) = &self.topics.output {
            kinds.extend(samples(cluster, topic, result_kind));
        }
        if let Some(topic) = &self.topics.dead_letters {
            kinds.extend(samples(cluster, topic, dead_letter_kind));
        }
        for (kind, sample) in kinds {
            let first = &sample.first;
            self.screen.line(&format!("\n{:>6}  {kind}", sample.count));
            self.screen.line(&format!("        {}", cut(&first.value)));
            if let Some(cause) = first.header("expressd.cause") {
                self.screen.line(&format!("        cause: {}", cut(cause)));
            }
        }
    }
}

impl Topics {
    fn of(pipeline: &config::Pipeline) -> Option<Topics> {
        let SourceConfig::Kafka(source) = &pipeline.stream.source else {
            return None;
        };
        let (output, dead_letters) = match &pipeline.stream.sink {
            SinkConfig::Kafka(sink) => (
                sink.output_topic().map(str::to_string),
                sink.dead_letters.clone(),
            ),
            SinkConfig::File(_) => (None, None),
        };
        Some(Topics {
            input: source.topics.first()?.clone(),
            output,
            dead_letters,
        })
    }

    fn outputs(&self) -> impl Iterator<Item = &str> {
        self.output
            .iter()
            .chain(&self.dead_letters)
            .map(String::as_str)
    }
}

/// Records with an acknowledged outcome.
fn accounted(totals: &Totals) -> u64 {
    totals.results + totals.dead_letters + totals.discarded
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_string(),
        Some((end, _)) => format!("{} …", &text[..end]),
    }
}
