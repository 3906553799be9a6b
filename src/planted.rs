//! Ways to break the library on purpose, so that the simulation can prove that its checks would notice.
//!
//! Without the feature `planted-faults` nothing can be planted, and every question here is a constant `false`.

#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "planted-faults"), allow(dead_code))]

macro_rules! planted {
    ($($name:ident $meaning:literal;)*) => {
        /// A fault that a version of this library could have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Planted {
            $(#[doc = $meaning] $name,)*
        }

        #[cfg(feature = "planted-faults")]
        impl Planted {
            /// Every one of them, and what it does.
            pub const ALL: &[(Planted, &str)] = &[$((Planted::$name, $meaning),)*];
        }
    };
}

planted! {
    ResendAfterLoss "An order whose connection was lost is sent again.";
    TrustNotFoundAtOnce "A query's \"not found\" is believed while the order may still be under way.";
    TrustNotFoundUnclosed "The last query's \"not found\" is believed although no close was accepted.";
    CompleteTwice "A completion is told twice.";
    ForgetBegin "An order is sent without having been written to the journal.";
    ForgetRecord "An outcome is told without having been written to the journal.";
    AcknowledgeEarly "An outcome counts as acknowledged before the till has it.";
    IgnoreFit "A query's answer is believed although it names another order or amount.";
    InProgressIsDeclined "A query's \"in progress\" is taken for a no.";
    SkipTheClose "The close at the end of recovery is left out, and taken for accepted.";
    SendAfterNotSent "An order told as not sent stays in the queue.";
    TakeStrangersAnswer "An order's answer is taken by whoever waits, whatever its request_id.";
    ForgetToRetell "What was not acknowledged is not told again by the next process.";
    RetoldUnmarked "What is told again does not say so.";
    NoAskAfterReconnect "After a reconnection nothing is asked.";
    ForgetUnknown "The next process does not ask about orders that are unknown.";
    SearchForEver "Recovery has no end.";
    BelieveTheCode "An answer with a success code and an open trans_status is taken for approved.";
}

/// What is planted, if anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plant {
    #[cfg(feature = "planted-faults")]
    fault: Option<Planted>,
}

impl Plant {
    /// Plants a fault.
    #[cfg(feature = "planted-faults")]
    pub const fn new(fault: Option<Planted>) -> Self {
        Plant { fault }
    }

    /// Whether this one is planted.
    #[cfg(feature = "planted-faults")]
    pub(crate) fn is(self, fault: Planted) -> bool {
        self.fault == Some(fault)
    }

    #[cfg(not(feature = "planted-faults"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn is(self, _: Planted) -> bool {
        false
    }
}
