use async_trait::async_trait;
use onsale_application::ports::{ChargeProvider, ChargeProviderError, StartedCharge};
use onsale_domain::charge::Charge;

/// Points for nothing: every charge is completed at once and no money moves. For demonstrations and tests; whoever
/// wires it decides where it is allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestCharges;

#[async_trait]
impl ChargeProvider for TestCharges {
    fn method(&self) -> &'static str {
        "test"
    }

    async fn start(&self, _charge: &Charge) -> Result<StartedCharge, ChargeProviderError> {
        Ok(StartedCharge::Completed)
    }
}
