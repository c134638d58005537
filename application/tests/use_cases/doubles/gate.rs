use tokio::sync::watch;

/// A place that callers pass, which holds them up while it is closed.
pub(crate) struct Gate {
    /// How many callers may still pass.
    open: watch::Sender<usize>,
    arrived: watch::Sender<usize>,
}

impl Default for Gate {
    /// An open gate.
    fn default() -> Self {
        Self { open: watch::Sender::new(usize::MAX), arrived: watch::Sender::new(0) }
    }
}

impl Gate {
    pub(crate) fn close(&self) {
        self.open.send_replace(0);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(usize::MAX);
    }

    /// Lets one caller pass, and closes again.
    pub(crate) fn open_for_one(&self) {
        self.open.send_replace(1);
    }

    /// How many callers have arrived, whether or not they passed.
    pub(crate) fn arrived(&self) -> usize {
        *self.arrived.borrow()
    }

    /// Waits until `count` callers have arrived.
    pub(crate) async fn wait_for(&self, count: usize) {
        let mut arrived = self.arrived.subscribe();
        arrived.wait_for(|arrived| *arrived >= count).await.expect("the gate stands");
    }

    /// Arrives, and passes once the gate is open.
    pub(super) async fn pass(&self) {
        self.arrived.send_modify(|arrived| *arrived += 1);
        let mut changes = self.open.subscribe();
        loop {
            let may_pass = self.open.send_if_modified(|left| {
                let may_pass = *left > 0;
                *left = left.saturating_sub(1);
                may_pass
            });
            if may_pass {
                return;
            }
            changes.wait_for(|left| *left > 0).await.expect("the gate stands");
        }
    }
}
