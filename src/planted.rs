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
    NoSecondLook "After an outcome that means \"no money moved\" nothing is asked again.";
    LookOnce "A second look that was not answered, or was answered \"in progress\", is not repeated.";
    LookSurvivesReuse "What was asked about an earlier attempt goes on after its number was used again.";
    ForgetLook "The next process does not take the second looks that an earlier one owed.";
    ClarifyTwice "A correction is reported again each time the terminal repeats it.";
    ClarifyTheSame "A correction is reported although the outcome is the one reported before.";
    WrongWas "A correction always says that the outcome was unknown.";
    IgnoreLateAnswer "What contradicts a reported outcome is a plain message.";
    CloseWhileOthersPay "An order is closed while another one is in flight on the terminal.";
    CloseAnyway "An order is closed although `close_lost_orders` is false.";
    CloseBusy "An order refused as busy is closed like any other.";
    CloseDuplicate "An order whose number the terminal knew is closed like any other.";
    CloseEarly "The close does not wait for the order's own time.";
    CloseEveryRound "While an order is clarified it is closed again in each round.";
    KeepBlockedClose "A close of which no byte has left is not withdrawn when its order is settled.";
    WriteBesideClose "An order is written while a close is unanswered.";
    TrustAnyClose "A close counts although the order's bytes may still be on their way.";
    HeldAnswerCounts "An answer without a request_id counts for the newest question.";
    NotFoundOnce "One \"not found\" is enough.";
    NotFoundUnclosed "Without a close, \"not found\" twice is believed.";
    BusyIsDeclined "An order refused as busy is declined.";
    BusyAtOnce "An order refused as busy is not looked up.";
    TrustDuplicate "The record of a number that the terminal knew is taken for this order's.";
    BelieveRefusal "A refusal without a trans_status is not looked up.";
    TrustBare000 "A success code without a trans_status is not looked at again.";
    HideDifference "A partial approval is reported without its difference.";
    VoidReversedIsCancelled "A void that reads as reversed is cancelled.";
    VoidWithoutOriginal "A void ends with \"no money moved\" although its original was not queried.";
    VoidedSaleCancelled "An approved sale is corrected to cancelled although its void was approved.";
    UnreadableIsIgnored "An unreadable message does not start recovery.";
    NeverPingsBusy "Pings do not come faster while a request is in flight.";
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
