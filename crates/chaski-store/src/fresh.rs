//! What the calls of messages just accepted are made from, kept at hand: nearly every message is begun
//! a moment after it was accepted, and then nothing has to be read back for it.

use chaski_model::address::Address;
use chaski_model::message::PartBody;
use chaski_model::{ContactId, MessageId};
use std::collections::{HashMap, VecDeque};

/// The most messages whose call is kept: about as many as are in flight.
const MOST: usize = 512;

/// What a message's first call is made from.
#[derive(Debug, Clone)]
pub(crate) struct FreshCall {
    pub(crate) contact: ContactId,
    pub(crate) body: PartBody,
    /// The contact's addresses on the channel, the lane's own first.
    pub(crate) to: Vec<Address>,
}

/// Those of the newest messages.
#[derive(Default)]
pub(crate) struct FreshCalls {
    calls: HashMap<MessageId, FreshCall>,
    order: VecDeque<MessageId>,
}

impl FreshCalls {
    /// Keeps a call; the oldest makes room.
    pub(crate) fn keep(&mut self, message: MessageId, call: FreshCall) {
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.calls.remove(&oldest);
        }
        self.order.push_back(message);
        self.calls.insert(message, call);
    }

    /// Takes it out, if it is still at hand.
    pub(crate) fn take(&mut self, message: MessageId) -> Option<FreshCall> {
        self.calls.remove(&message)
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
        self.order.clear();
    }
}
