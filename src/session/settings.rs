//! What a session must know of the configuration.

use crate::config::Config;
use crate::planted::{Plant, Planted};

/// The configuration's times, in milliseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For events.
    pub url: String,
    /// For the library's own queries and closes.
    pub app_id: Option<String>,
    /// See [`Config::connect_timeout_ms`].
    pub connect_timeout_ms: u64,
    /// See [`Config::send_timeout_ms`].
    pub send_timeout_ms: u64,
    /// See [`Config::order_timeout_ms`].
    pub order_timeout_ms: u64,
    /// See [`Config::request_timeout_ms`].
    pub request_timeout_ms: u64,
    /// See [`Config::recovery_timeout_ms`].
    pub recovery_timeout_ms: u64,
    /// See [`Config::recovery_interval_ms`].
    pub recovery_interval_ms: u64,
    /// See [`Config::clarify_interval_ms`]; 0 for never.
    pub clarify_interval_ms: u64,
    /// See [`Config::ping_interval_ms`]; 0 for never.
    pub ping_interval_ms: u64,
    /// See [`Config::ping_timeout_ms`].
    pub ping_timeout_ms: u64,
    /// See [`Config::reconnect_min_ms`].
    pub reconnect_min_ms: u64,
    /// See [`Config::reconnect_max_ms`].
    pub reconnect_max_ms: u64,
    /// What is broken on purpose.
    pub plant: Plant,
}

impl Settings {
    /// Whether this fault was planted; never without the feature.
    pub(super) fn is_planted(&self, fault: Planted) -> bool {
        self.plant.is(fault)
    }
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Settings {
            url: config.url.clone(),
            app_id: config.app_id.clone(),
            connect_timeout_ms: config.connect_timeout_ms.into(),
            send_timeout_ms: config.send_timeout_ms.into(),
            order_timeout_ms: config.order_timeout_ms.into(),
            request_timeout_ms: config.request_timeout_ms.into(),
            recovery_timeout_ms: config.recovery_timeout_ms.into(),
            recovery_interval_ms: config.recovery_interval_ms.into(),
            clarify_interval_ms: config.clarify_interval_ms.into(),
            ping_interval_ms: config.ping_interval_ms.into(),
            ping_timeout_ms: config.ping_timeout_ms.into(),
            reconnect_min_ms: config.reconnect_min_ms.into(),
            reconnect_max_ms: config.reconnect_max_ms.into(),
            plant: Plant::default(),
        }
    }
}
