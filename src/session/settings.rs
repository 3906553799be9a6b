//! What a session must know of the configuration.

use crate::config::Config;
use crate::planted::{Plant, Planted};

const DAY_MS: u64 = 86_400_000;

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
    /// [`Config::clarify_days`] in milliseconds; 0 for no limit.
    pub clarify_for_ms: u64,
    /// See [`Config::second_look_ms`]; 0 for never.
    pub second_look_ms: u64,
    /// See [`Config::close_lost_orders`].
    pub close_lost_orders: bool,
    /// See [`Config::ping_interval_ms`]; 0 for never.
    pub ping_interval_ms: u64,
    /// See [`Config::ping_interval_busy_ms`]; 0 for as at other times.
    pub ping_interval_busy_ms: u64,
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
            url: config.shown_url(),
            app_id: config.app_id.clone(),
            connect_timeout_ms: config.connect_timeout_ms.into(),
            send_timeout_ms: config.send_timeout_ms.into(),
            order_timeout_ms: config.order_timeout_ms.into(),
            request_timeout_ms: config.request_timeout_ms.into(),
            recovery_timeout_ms: config.recovery_timeout_ms.into(),
            recovery_interval_ms: config.recovery_interval_ms.into(),
            clarify_interval_ms: config.clarify_interval_ms.into(),
            clarify_for_ms: u64::from(config.clarify_days) * DAY_MS,
            second_look_ms: config.second_look_ms.into(),
            close_lost_orders: config.close_lost_orders,
            ping_interval_ms: config.ping_interval_ms.into(),
            ping_interval_busy_ms: config.ping_interval_busy_ms.into(),
            ping_timeout_ms: config.ping_timeout_ms.into(),
            reconnect_min_ms: config.reconnect_min_ms.into(),
            reconnect_max_ms: config.reconnect_max_ms.into(),
            plant: Plant::default(),
        }
    }
}
